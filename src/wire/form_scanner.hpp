// Walks over a multipart/form-data body (RFC 7578, RFC 2046 §5.1) as it passes, at any split, and finds the one part
// named "model", and the one named "n" where it counts answers. Nothing is kept of other parts.
//
// Strict where parsers differ, since what obleth takes for them has to be what the upstream takes for them: line ends
// are CRLF, names are plain, delimiters are whole lines, and nothing but white space stands outside of the parts.
// Pure; one per body.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "wire/request_body.hpp"

namespace obleth::wire {

inline constexpr std::size_t form_boundary_bytes_max = 70;     // RFC 2046
inline constexpr std::size_t form_part_head_bytes_max = 8192;  // of one part's header lines together
inline constexpr std::size_t form_parts_max = 1024;

// A Content-Type of multipart/form-data, and its boundary; absent: it has none that is allowed, or several.
[[nodiscard]] bool is_form(std::string_view content_type);
[[nodiscard]] std::optional<std::string> form_boundary(std::string_view content_type);

struct FormRules {
  bool model_is_optional = false;
  std::optional<std::int64_t> n_max = std::nullopt;  // absent: what is named "n" is not read
};

class FormScanner {
 public:
  explicit FormScanner(std::string_view boundary, FormRules rules = {})
      : delimiter_("\n--" + std::string(boundary)), rules_(rules) {}

  // False: the form is not valid, and fault() says why. Not called again then.
  [[nodiscard]] bool feed(std::string_view bytes);
  // The body has ended.
  [[nodiscard]] bool finish();

  // The model's part has ended: its value, and where it stands in the body.
  [[nodiscard]] bool has_model() const { return has_model_; }
  [[nodiscard]] const std::string& model() const { return model_; }
  [[nodiscard]] Span model_value() const { return model_value_; }
  // The part of n has ended.
  [[nodiscard]] std::optional<std::int64_t> n() const { return n_; }
  // Model and n are known, or what is missing of them stands behind the file that is passing.
  [[nodiscard]] bool has_fields() const { return has_model_ && (!rules_.n_max || n_ || part_ == Part::file); }
  [[nodiscard]] const BodyFault& fault() const { return fault_; }

 private:
  enum class Phase : std::uint8_t { opening, delimiter_tail, part_head, content, epilogue };
  enum class Part : std::uint8_t { other, file, model, n };

  // Each takes some bytes, at least one, and answers how many; none: the form is not valid.
  std::size_t feed_opening(std::string_view bytes);
  std::size_t feed_delimiter_tail(char byte);
  std::size_t feed_part_head(char byte);
  std::size_t feed_content(std::string_view bytes);
  std::size_t feed_epilogue(char byte);

  std::size_t refuse(std::string_view message);
  std::size_t refuse_value();
  bool begin_part();
  bool begin_content();
  bool end_part();
  bool take_model();
  bool take_n();
  [[nodiscard]] bool is_read() const { return part_ == Part::model || part_ == Part::n; }

  std::string delimiter_;  // from the line feed before it on
  FormRules rules_;
  Phase phase_ = Phase::opening;
  std::size_t matched_ = 1;  // bytes of the delimiter
  bool after_cr_ = false;    // the byte before
  bool delimiter_after_cr_ = false;
  char tail_ = '\0';  // the byte before, behind a boundary
  std::string head_;  // the header lines of a part
  std::size_t parts_ = 0;
  std::uint64_t position_ = 0;  // bytes taken
  std::uint64_t content_begin_ = 0;
  Part part_ = Part::other;  // whose content is passing
  std::string value_;        // what has come of one that is read
  bool has_model_ = false;
  std::string model_;
  Span model_value_;
  std::optional<std::int64_t> n_;
  BodyFault fault_;
};

}  // namespace obleth::wire
