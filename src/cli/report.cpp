#include "cli/report.hpp"

#include <boost/json.hpp>
#include <ostream>

namespace obleth::cli {

namespace json = boost::json;

void Report::rows(const json::array& rows, std::span<const Column> columns) {
  if (as_json_) {
    out_ << json::serialize(rows) << "\n";
  } else {
    out_ << text_table(rows, columns);
  }
}

void Report::record(const json::value& record) {
  const json::object* members = record.if_object();
  if (as_json_ || members == nullptr) {
    out_ << json::serialize(record) << "\n";
    return;
  }
  // {"key": {…}, "secret": "…"}: what was made, then what opens it.
  json::object plain;
  std::string secret;
  for (const auto& member : *members) {
    if (member.key() == "secret" && member.value().is_string()) {
      secret = std::string(member.value().as_string());
    } else if (member.value().is_object() && members->contains("secret")) {
      for (const auto& inner : member.value().as_object())
        plain[inner.key()] = inner.value();
    } else {
      plain[member.key()] = member.value();
    }
  }
  out_ << text_record(plain);
  if (!secret.empty()) out_ << "\nThe secret, which is shown only now:\n" << secret << "\n";
}

void Report::done(std::string_view sentence, const json::value& value) {
  if (as_json_) {
    out_ << json::serialize(value) << "\n";
  } else {
    out_ << sentence << "\n";
  }
}

void Report::raw(std::string_view text) {
  out_ << text;
  if (!text.ends_with('\n')) out_ << "\n";
}

bool Report::part(std::string_view text) {
  return static_cast<bool>(out_ << text);
}

}  // namespace obleth::cli
