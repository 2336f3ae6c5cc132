// From JSON text to Json, on Boost.JSON's incremental grammar, which hands over numbers with their source text.
#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>

#include "admin/json.hpp"

namespace obleth::admin {
namespace {

using boost::json::error_code;
using Piece = boost::json::string_view;

// Receives the grammar's events and keeps the open objects and lists on a stack.
class TreeBuilder {
 public:
  static constexpr std::size_t max_array_size = json_values_max;
  static constexpr std::size_t max_object_size = json_members_max;
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_array_begin(error_code&) { return open(Json::list()); }
  bool on_array_end(std::size_t, error_code& fault) { return close(fault); }
  bool on_object_begin(error_code&) { return open(Json::object()); }
  bool on_object_end(std::size_t, error_code& fault) {
    std::optional<std::string> problem = repeated_name(*open_.back().json.members());
    return problem ? refuse(*std::move(problem), fault) : close(fault);
  }
  bool on_string_part(Piece piece, std::size_t, error_code&) { return gather(piece); }
  bool on_string(Piece piece, std::size_t, error_code& fault) { return gather(piece) && place(taken(), fault); }
  bool on_key_part(Piece piece, std::size_t, error_code&) { return gather(piece); }
  bool on_key(Piece piece, std::size_t, error_code&) {
    gather(piece);
    open_.back().name = taken();
    return true;
  }
  bool on_number_part(Piece piece, error_code&) { return gather(piece); }
  bool on_int64(std::int64_t, Piece piece, error_code& fault) { return number(piece, fault); }
  bool on_uint64(std::uint64_t, Piece piece, error_code& fault) { return number(piece, fault); }
  bool on_double(double, Piece piece, error_code& fault) { return number(piece, fault); }
  bool on_bool(bool truth, error_code& fault) { return place(truth, fault); }
  bool on_null(error_code& fault) { return place(nullptr, fault); }
  bool on_comment_part(Piece, error_code&) { return true; }
  bool on_comment(Piece, error_code&) { return true; }

  [[nodiscard]] Json take_root() { return std::move(root_); }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  struct Open {
    Json json;
    std::string name;  // of the member being read
  };

  bool gather(Piece piece) {
    text_.append(piece.data(), piece.size());
    return true;
  }
  std::string taken() { return std::exchange(text_, {}); }
  bool number(Piece piece, error_code& fault) {
    gather(piece);
    return place(Json::number(taken()), fault);
  }
  bool open(Json json) {
    open_.push_back({std::move(json), {}});
    return true;
  }
  bool close(error_code& fault) {
    Json json = std::move(open_.back().json);
    open_.pop_back();
    return place(std::move(json), fault);
  }

  bool place(Json json, error_code& fault) {
    if (++values_ > json_values_max) return refuse("The document has too many values.", fault);
    if (open_.empty()) {
      root_ = std::move(json);
      return true;
    }
    Open& parent = open_.back();
    if (parent.json.items() != nullptr) {
      parent.json.append(std::move(json));
      return true;
    }
    parent.json.members()->emplace_back(std::move(parent.name), std::move(json));
    return true;
  }

  bool refuse(std::string problem, error_code& fault) {
    problem_ = std::move(problem);
    fault = boost::json::error::syntax;
    return false;
  }

  std::vector<Open> open_;
  std::string text_;
  std::string problem_;
  Json root_;
  std::size_t values_ = 0;
};

}  // namespace

JsonOutcome parse_json(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = json_depth_max;
  boost::json::basic_parser<TreeBuilder> parser(options);
  error_code fault;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), fault);
  if (!parser.handler().problem().empty()) return std::unexpected(parser.handler().problem());
  if (!fault && text.substr(used).find_first_not_of(" \t\r\n") != std::string_view::npos)
    fault = boost::json::error::extra_data;
  if (fault)
    return std::unexpected("The body is not JSON, at byte " + std::to_string(used) + ": " + fault.message() + ".");
  return parser.handler().take_root();
}

}  // namespace obleth::admin
