#include "admin/receive_call.hpp"

#include <algorithm>
#include <utility>

namespace obleth::admin {
namespace {

constexpr std::size_t parameters_max = 100;

void read_parameter(std::string_view pair, const Route& route, std::vector<NamedText>& query, Reading& reading) {
  const std::size_t equals = pair.find('=');
  const auto name = percent_decoded(pair.substr(0, equals), true);
  const auto value = equals == std::string_view::npos ? std::optional<std::string>(std::string())
                                                      : percent_decoded(pair.substr(equals + 1), true);
  if (!name || !value) return reading.fault_at(pair, "is not well encoded");
  if (std::ranges::find(route.query, *name, &Parameter::name) == route.query.end())
    return reading.fault_at(*name, "is no parameter of this route");
  if (std::ranges::find(query, *name, &NamedText::name) != query.end()) return reading.fault_at(*name, "stands twice");
  query.push_back({*name, *value});
}

Fault with_bound(Fault fault, std::uint64_t bytes_max) {
  if (fault.kind == FaultKind::too_large)
    fault.message = "The body is larger than " + std::to_string(bytes_max >> 20U) + " MiB.";
  return fault;
}

}  // namespace

Outcome<std::vector<NamedText>> read_query(std::string_view raw_query, const Route& route) {
  std::vector<NamedText> query;
  Reading reading(ReadMode::create);
  for (std::size_t read = 0; !raw_query.empty() && read < parameters_max; ++read) {
    const std::string_view pair = raw_query.substr(0, raw_query.find('&'));
    if (!pair.empty()) read_parameter(pair, route, query, reading);
    raw_query.remove_prefix(std::min(raw_query.size(), pair.size() + 1));
  }
  if (!raw_query.empty()) reading.fault("has too many parameters in its query");
  if (reading.failed()) return std::unexpected(refuse_body(reading));
  return query;
}

Task<Outcome<std::string>> read_body(ports::ClientExchange& exchange, std::uint64_t bytes_max) {
  exchange.limit_body(bytes_max);
  std::string body;
  while (true) {
    const Result<std::string_view> bytes = co_await exchange.read_body();
    if (!bytes) co_return std::unexpected(refuse_fault(with_bound(bytes.error(), bytes_max)));
    if (bytes->empty()) co_return std::move(body);
    body += *bytes;
  }
}

Outcome<Json> read_json(std::string_view body) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return Json::object();
  JsonOutcome json = parse_json(body);
  if (!json) return std::unexpected(refuse(400, "invalid_json", json.error()));
  return std::move(*json);
}

}  // namespace obleth::admin
