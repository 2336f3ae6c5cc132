#include "observe/metrics_text.hpp"

#include <utility>

namespace obleth::observe {
namespace {

constexpr std::string_view total_suffix = "_total";

std::string_view type_name(MetricType type) {
  switch (type) {
    case MetricType::counter:
      return "counter";
    case MetricType::histogram:
      return "histogram";
    case MetricType::gauge:
      break;
  }
  return "gauge";
}

void append_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    if (c == '\n') {
      out.append("\\n");
      continue;
    }
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
}

void append_label(std::string& labels, std::string_view name, std::string_view value) {
  if (!labels.empty()) labels.push_back(',');
  labels.append(name).append("=\"");
  append_escaped(labels, value);
  labels.push_back('"');
}

std::string labels_text(const MetricDefinition& definition, std::span<const std::string> values) {
  std::string labels;
  for (std::size_t at = 0; at < values.size() && definition.labels[at] != Label::none; ++at) {
    if (!values[at].empty()) append_label(labels, definition_of(definition.labels[at]).name, values[at]);
  }
  return labels;
}

std::string with_bound(std::string labels, std::string_view bound) {
  append_label(labels, "le", bound);
  return labels;
}

// OpenMetrics wants a number that looks like a float; Prometheus reads both alike.
std::string bound_text(std::int64_t bound, unsigned decimals) {
  std::string text = decimal_text(static_cast<std::uint64_t>(bound), decimals);
  if (text.find('.') == std::string::npos) text += ".0";
  return text;
}

}  // namespace

std::string decimal_text(std::uint64_t value, unsigned decimals) {
  std::string digits = std::to_string(value);
  if (decimals == 0) return digits;
  if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
  digits.insert(digits.size() - decimals, 1, '.');
  while (digits.back() == '0')
    digits.pop_back();
  if (digits.back() == '.') digits.pop_back();
  return digits;
}

void MetricsText::begin_family(const MetricDefinition& definition) {
  std::string_view family = definition.name;
  if (format_ == Exposition::open_metrics && definition.type == MetricType::counter && family.ends_with(total_suffix)) {
    family.remove_suffix(total_suffix.size());
  }
  text_.append("# HELP ").append(family).append(" ").append(definition.help).append("\n");
  text_.append("# TYPE ").append(family).append(" ").append(type_name(definition.type)).append("\n");
}

void MetricsText::add_sample(const MetricDefinition& definition, std::span<const std::string> values,
                             std::string_view number) {
  add_line(definition.name, labels_text(definition, values), number);
}

void MetricsText::add_histogram(const MetricDefinition& definition, std::span<const std::string> values,
                                std::span<const std::uint64_t> cells) {
  const std::string labels = labels_text(definition, values);
  const std::string name(definition.name);
  std::uint64_t seen = 0;
  for (std::size_t at = 0; at <= definition.bounds.size(); ++at) {
    seen += cells[at];
    const bool is_last = at == definition.bounds.size();
    const std::string bound = is_last ? "+Inf" : bound_text(definition.bounds[at], definition.decimals);
    add_line(name + "_bucket", with_bound(labels, bound), std::to_string(seen));
  }
  add_line(name + "_sum", labels, decimal_text(cells.back(), definition.decimals));
  add_line(name + "_count", labels, std::to_string(seen));
}

void MetricsText::add_line(std::string_view name, std::string_view labels, std::string_view number) {
  text_.append(name);
  if (!labels.empty()) text_.append("{").append(labels).append("}");
  text_.append(" ").append(number).append("\n");
}

std::string MetricsText::finish() && {
  if (format_ == Exposition::open_metrics) text_.append("# EOF\n");
  return std::move(text_);
}

}  // namespace obleth::observe
