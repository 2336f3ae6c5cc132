#include "admin/settings.hpp"

#include <algorithm>
#include <utility>

#include "admin/paging.hpp"
#include "admin/scalar_text.hpp"

namespace obleth::admin {
namespace {

constexpr std::size_t value_characters_max = 8192;

const Fields<SettingRow>& setting_fields() {
  using F = Declare<SettingRow>;
  const auto plain = text({.characters_max = value_characters_max, .single_line = false});
  static const Fields<SettingRow> fields({F::fixed("name", plain, [](auto& row) -> auto& { return row.name; }),
                                          F::fixed("value", plain, [](auto& row) -> auto& { return row.value; }),
                                          F::fixed("source", plain, [](auto& row) -> auto& { return row.source; })
                                              .about("default, file, environment, flag, or api."),
                                          F::fixed("help", plain, [](auto& row) -> auto& { return row.help; }),
                                          F::fixed("changeable", boolean(), [](auto& row) -> auto& {
                                            return row.changeable;
                                          }).about("Here, without a restart.")});
  return fields;
}

Json change_schema(Json::Object settings) {
  return Json::object(
      {{"type", "object"},
       {"description",
        "Names of changeable settings and their new values; null goes back to the start's value. Every replica obeys "
        "what is stored here, and so does the next start. Lists are text, separated by commas."},
       {"properties", std::move(settings)},
       {"additionalProperties", false}});
}

// Settings are text, whatever JSON spells them as.
std::optional<std::string> setting_text(const Json& json) {
  if (json.text() != nullptr) return *json.text();
  if (json.number() != nullptr) {
    const auto whole = scaled_integer(json.number()->text, 0);  // 30.0 and 3e1 are 30, as everywhere
    return whole ? std::to_string(*whole) : json.number()->text;
  }
  if (json.boolean() != nullptr) return *json.boolean() ? "true" : "false";
  return std::nullopt;
}

AuditNote setting_note(const SettingRow& before, const std::optional<std::string>& after) {
  return {.action = "setting.update",
          .target_kind = "setting",
          .target = before.name,
          .target_name = before.name,
          .before = Json::object({{"value", before.value}}),
          .after = Json::object({{"value", after ? Json(*after) : Json()}})};
}

}  // namespace

void Settings::register_in(RouteTable& table) {
  table.section("settings");
  table.describe("Setting", setting_fields().schema(SchemaKind::answer));
  table.describe("SettingList", list_of_schema("Setting"));
  table.describe("SettingChange",
                 change_schema(desk_.live().setting_schemas ? desk_.live().setting_schemas() : Json::Object()));
  table.add(get("/settings", "List settings").lists("Setting").answered_by(this, &Settings::list));
  table.add(patch("/settings", "Change settings that need no restart")
                .takes("SettingChange")
                .gives("SettingList")
                .answered_by(this, &Settings::change));
}

std::vector<SettingRow> Settings::rows() const {
  return desk_.live().settings ? desk_.live().settings() : std::vector<SettingRow>();
}

Task<Reply> Settings::list(const Call&) {
  Json listed = Json::list();
  for (const SettingRow& row : rows())
    listed.append(setting_fields().show(row));
  co_return answer(200, list_json(std::move(listed), {}));
}

Edit Settings::read_changes(const Json& body, Reading& reading) const {
  Edit edit;
  if (body.members() == nullptr) {
    reading.fault("must be an object");
    return edit;
  }
  const std::vector<SettingRow> known = rows();
  for (const auto& [name, json] : *body.members()) {
    const auto inside = reading.member(name);
    const auto row = std::ranges::find(known, name, &SettingRow::name);
    const auto value = setting_text(json);
    if (row == known.end()) {
      reading.fault("is no setting");
    } else if (!row->changeable) {
      reading.fault("can only be set at the start: by its flag, variable or file key");
    } else if (!value && !json.is_null()) {
      reading.fault("must be text, a number, true, false, or null");
    } else if (value && value->size() > value_characters_max) {
      reading.fault("must have at most " + std::to_string(value_characters_max) + " characters");
    } else if (value && has_nul(*value)) {
      reading.fault(nul_problem);
    } else if (const auto problem =
                   value && desk_.live().refuse_setting ? desk_.live().refuse_setting(name, *value) : std::nullopt) {
      reading.fault(*problem);
    } else {
      edit.add(ports::PutSetting{name, value}, setting_note(*row, value), ports::SettingsChanged{});
    }
  }
  return edit;
}

Task<Reply> Settings::change(const Call& call) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  Reading reading(ReadMode::change);
  Edit edit = read_changes(call.body, reading);
  if (reading.failed()) co_return refuse_body(reading);
  if (!edit.writes.empty()) {
    const auto done = co_await desk_.commit(turn, call.caller, std::move(edit));
    if (!done) co_return done.error();
  }
  co_return co_await list(call);
}

}  // namespace obleth::admin
