// A body read with GET, changed in one field and sent back with PUT succeeds and changes only that field: for objects
// with random values, every field of every resource.
#include <map>
#include <random>

#include "admin/api_fixture_test.hpp"

namespace obleth::admin {
namespace {

// Values that each field may have; every one of them valid beside all others.
using Samples = std::map<std::string, std::vector<Json>>;

Json parsed(const char* text) {
  const JsonOutcome json = parse_json(text);
  EXPECT_TRUE(json) << text;
  return json.value_or(Json());
}

Samples limit_samples() {
  return {
      {"tokens_per_minute", {nullptr, 1, 1'000'000'000'000}},
      {"requests_per_minute", {nullptr, 60}},
      {"max_in_flight", {nullptr, 1, 1'000'000}},
      {"budget",
       {nullptr, parsed(R"({"period":"day","starts_at":null,"tokens":5,"cost_usd":null})"),
        parsed(
            R"({"period":"lifetime","starts_at":"2026-01-01T00:00:00.001Z","tokens":null,"cost_usd":"0.000000001"})")}},
      {"allowed_models", {nullptr, Json::list(), Json::list({"a", "b/c"})}},
      {"weight", {1, 100, 1'000'000}}};
}

Samples tenant_samples() {
  Samples samples = limit_samples();
  samples.merge(Samples{
      {"name", {"a", "b c", "ü – \"x\""}},
      {"description", {"", "two\nlines"}},
      {"group", {"default", "batch"}},
      {"status", {"active", "suspended", "archived"}},
      {"active_from", {nullptr, "2026-01-01T00:00:00Z"}},
      {"active_until", {nullptr, "2027-01-01T12:34:56.789Z"}},
      {"timezone", {"UTC", "Europe/Berlin", "America/New_York"}},
      {"weekly_windows",
       {Json::list(),
        parsed(R"([{"day":"mon","start":"22:00","end":"06:00"},{"day":"sun","start":"00:00","end":"00:00"}])")}},
      {"brownout", {"allow", "never", "first"}},
      {"brownout_wait_ms", {nullptr, 1, 60'000}}});
  return samples;
}

Samples key_samples() {
  Samples samples = limit_samples();
  samples.merge(Samples{
      {"name", {"ci", "laptop"}}, {"disabled", {true, false}}, {"expires_at", {nullptr, "2030-01-01T00:00:00Z"}}});
  return samples;
}

Samples group_samples() {
  return {{"name", {"g", "h"}}, {"weight", {1, 100}}, {"max_in_flight", {nullptr, 7}}};
}

Samples model_samples() {
  Samples samples{
      {"model_name", {"m", "meta/m"}},     {"aliases", {Json::list(), Json::list({"x", "y"})}},
      {"upstream_model", {"up", "other"}}, {"context_window", {1, 8192}},
      {"default_max_tokens", {1, 4096}},   {"admission_weight", {Json::number("0.01"), 1, Json::number("2.5"), 1000}},
      {"input_token_cost", {0, 1}},        {"output_token_cost", {Json::number("0.001"), 4}},
      {"slot_second_cost", {nullptr, 60}}, {"max_in_flight", {nullptr, 3}},
      {"brownout_max_tokens", {1, 256}},   {"cached_input_cost_per_token", {nullptr, "0", "0.0000001"}},
      {"cache_ttl_secs", {1, 300}},        {"cache_scope", {"tenant"}},
      {"max_retries", {0, 1, 10}},         {"request_timeout_secs", {1, 300}},
      {"idle_timeout_secs", {1, 120}},     {"gpus", {1, 8}},
      {"tokens_per_media_part", {0, 765}}};
  for (const char* price : {"input_cost_per_token", "output_cost_per_token", "cost_per_request"})
    samples[price] = {"0", "0.000003", "0.000000000001", "1000000"};
  for (const char* flag : {"enabled", "inject_usage", "cache_enabled"})
    samples[flag] = {true, false};
  return samples;
}

Samples server_samples() {
  return {{"name", {"files", "web-1"}},
          {"upstream_url", {"http://mcp:3000/mcp", "https://mcp.example.com"}},
          {"enabled", {true, false}},
          {"access", {nullptr, Json::list(), parsed(R"([{"tenant":"a","group":null,"tools":["x","get-*"]}])")}},
          {"timeout_secs", {1, 300}},
          {"max_in_flight", {nullptr, 4}}};
}

class RoundTrip : public ApiTest {
 protected:
  static constexpr int objects = 12;

  const Json& any(const std::vector<Json>& values) { return values[random_() % values.size()]; }

  Json random_body(const Samples& samples) {
    Json body = Json::object();
    for (const auto& [name, values] : samples)
      body.set(name, any(values));
    return body;
  }

  // Everything but what changes by itself must be equal, and the changed field have its new value.
  static void expect_only(const std::string& field, const Json& value, Json before, Json after) {
    EXPECT_EQ(to_text(*after.find(field)), to_text(value)) << field;
    for (Json* json : {&before, &after}) {
      json->remove(field);
      json->remove("updated_at");
    }
    EXPECT_EQ(to_text(before), to_text(after)) << "beside " << field;
  }

  void expect_round_trips(const Samples& samples, Json object, const std::string& path) {
    for (const auto& [name, values] : samples) {
      for (const Json& value : values) {
        Json body = object;
        body.set(name, value);
        clock.pass(1000);
        const Json answered = expect_status(200, "PUT", path, to_text(body));
        expect_only(name, value, object, answered);
        object = expect_status(200, "GET", path);
        EXPECT_EQ(object, answered);
      }
    }
  }

  // Null in a body: the default, as where the field is left out. A field that must be given refuses it.
  template <class Record>
  void expect_null_clears(const Samples& samples, const Fields<Record>& fields, const Json& object,
                          const std::string& path) {
    const Json schema = fields.schema(SchemaKind::replace);
    for (const FieldSketch& field : fields.sketches()) {
      if (!samples.contains(field.name)) continue;
      Json cleared = object;
      cleared.set(field.name, nullptr);
      expect_status(200, "PUT", path, to_text(object));
      const Json answered = expect_status(field.required ? 400 : 200, "PUT", path, to_text(cleared));
      const Json& asked = *schema.find("properties")->find(field.name);
      EXPECT_EQ(or_null(asked) == asked, !field.required) << "openapi says otherwise of " << field.name;
      if (field.required || field.kept_when_absent) continue;
      expect_status(200, "PUT", path, to_text(object));
      cleared.remove(field.name);
      EXPECT_EQ(to_text(answered), to_text(expect_status(200, "PUT", path, to_text(cleared)))) << field.name;
    }
  }

  // A field that was added to a resource must be sampled here, too.
  template <class Record>
  static void expect_complete(const Samples& samples, const Fields<Record>& fields) {
    for (const FieldSketch& sketch : fields.sketches()) {
      const bool elsewhere = sketch.name == "api_base" || sketch.name == "endpoints";
      if (sketch.access == FieldAccess::writable && !elsewhere)
        EXPECT_TRUE(samples.contains(sketch.name)) << sketch.name;
    }
  }

  template <class Record>
  void run(const Samples& samples, const Fields<Record>& fields, const std::string& create, const std::string& root,
           const Json& needed = Json::object()) {
    expect_complete(samples, fields);
    for (int at = 0; at < objects; ++at) {
      Json body = random_body(samples);
      for (const auto& [name, value] : *needed.members())
        body.set(name, value);
      Json made = expect_status(201, "POST", create, to_text(body));
      if (const Json* key = made.find("key")) made = Json(*key);
      const std::string path = root + id_of(made);
      expect_round_trips(samples, made, path);
      expect_null_clears(samples, fields, made, path);
      expect_status(204, "DELETE", path);
    }
  }

  std::mt19937 random_{20'260'101};
};

TEST_F(RoundTrip, OfTenants) {
  expect_status(201, "POST", "/fairshare/groups", R"({"name":"batch"})");
  run(tenant_samples(), tenant_fields(), "/tenants", "/tenants/");
}

TEST_F(RoundTrip, OfKeys) {
  run(key_samples(), key_fields(), "/tenants/" + id_of(make_tenant("a")) + "/keys", "/keys/");
}

TEST_F(RoundTrip, OfModels) {
  const Json needed = parsed(R"({"api_key":"k","upstream_headers":{"x-a":"1"},
      "endpoints":[{"api_base":"http://a","api_key":"e"},{"api_base":"http://a","priority":1},{"api_base":"https://b/v1","enabled":false}]})");
  run(model_samples(), model_fields(), "/models", "/models/", needed);
}

TEST_F(RoundTrip, OfMcpServers) {
  make_tenant("a");
  run(server_samples(), mcp_server_fields(), "/mcp-servers", "/mcp-servers/", parsed(R"({"auth_header":"Bearer x"})"));
}

TEST_F(RoundTrip, OfGroups) {
  expect_complete(group_samples(), group_fields());
  for (int at = 0; at < objects; ++at) {
    const Json made = expect_status(201, "POST", "/fairshare/groups", to_text(random_body(group_samples())));
    expect_round_trips(group_samples(), made, "/fairshare/groups/" + id_of(made));
    expect_null_clears(group_samples(), group_fields(), made, "/fairshare/groups/" + id_of(made));
    expect_status(204, "DELETE", "/fairshare/groups/" + id_of(made));
  }
}

}  // namespace
}  // namespace obleth::admin
