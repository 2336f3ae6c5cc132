#include "wire/tool_list.hpp"

#include <vector>

#include "wire/json_cursor.hpp"

namespace obleth::wire {
namespace {

// Bytes [begin, end) of the text.
struct Cut {
  std::size_t begin = 0;
  std::size_t end = 0;
};

class ToolListReader {
 public:
  ToolListReader(std::string_view json, const std::function<bool(std::string_view)>& may_use)
      : cursor_(json), may_use_(may_use) {}

  bool read() {
    const bool whole = cursor_.peek() == '[' ? cursor_.take_array([this] { return read_message(); }) : read_message();
    return whole && cursor_.at_end();
  }
  [[nodiscard]] const std::vector<Cut>& cuts() const { return cuts_; }

 private:
  bool read_message() {
    if (cursor_.peek() != '{') return cursor_.skip_value();
    return cursor_.take_object(
        [this](const JsonString& key) { return key.equals("result") ? read_result() : cursor_.skip_value(); });
  }
  bool read_result() {
    if (cursor_.peek() != '{') return cursor_.skip_value();
    return cursor_.take_object(
        [this](const JsonString& key) { return key.equals("tools") ? read_tools() : cursor_.skip_value(); });
  }

  // A tool goes with the comma before it, or, while no tool before it stays, with the one after it.
  bool read_tools() {
    if (cursor_.peek() != '[') return cursor_.skip_value();
    bool any_stays = false;
    bool cut_before = false;
    std::size_t before_end = cursor_.position() + 1;  // behind the bracket, or behind the tool before
    const bool whole = cursor_.take_array([&] {
      cursor_.peek();
      const std::size_t begin = cursor_.position();
      if (cut_before && !any_stays) cuts_.back().end = begin;
      bool stays = false;
      if (!read_tool(stays)) return false;
      const std::size_t end = cursor_.position();
      if (!stays) cuts_.push_back({any_stays ? before_end : begin, end});
      any_stays = any_stays || stays;
      cut_before = !stays;
      before_end = end;
      return true;
    });
    return whole;
  }

  bool read_tool(bool& stays) {
    if (cursor_.peek() != '{') return cursor_.skip_value();
    int names = 0;
    std::string name;
    const bool whole = cursor_.take_object([&](const JsonString& key) {
      if (!key.equals("name")) return cursor_.skip_value();
      ++names;
      if (cursor_.peek() != '"') {
        names = 2;
        return cursor_.skip_value();
      }
      const auto text = cursor_.take_string();
      if (!text) return false;
      if (!text->unescape(name)) names = 2;
      return true;
    });
    stays = whole && names == 1 && may_use_(name);
    return whole;
  }

  JsonCursor cursor_;
  const std::function<bool(std::string_view)>& may_use_;
  std::vector<Cut> cuts_;
};

}  // namespace

std::expected<std::optional<std::string>, NotJson> without_tools(
    std::string_view json, const std::function<bool(std::string_view name)>& may_use) {
  ToolListReader reader(json, may_use);
  if (!reader.read()) return std::unexpected(NotJson{});
  if (reader.cuts().empty()) return std::nullopt;
  std::string kept;
  kept.reserve(json.size());
  std::size_t at = 0;
  for (const Cut& cut : reader.cuts()) {
    kept += json.substr(at, cut.begin - at);
    at = cut.end;
  }
  kept += json.substr(at);
  return kept;
}

}  // namespace obleth::wire
