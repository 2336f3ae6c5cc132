#include "observe/metrics_page.hpp"

#include <algorithm>
#include <iterator>
#include <string>

namespace obleth::observe {
namespace {

constexpr std::string_view open_metrics_type = "application/openmetrics-text";
constexpr int full_weight = 1000;

std::string without_blanks(std::string_view text) {
  std::string bare;
  std::ranges::copy_if(text, std::back_inserter(bare), [](char c) { return c != ' ' && c != '\t'; });
  return bare;
}

// "0.75" in thousandths (RFC 9110, §12.4.2); what is no weight counts as a full one.
int weight_of(std::string_view parameters) {
  constexpr std::string_view name = ";q=";
  const std::size_t at = parameters.find(name);
  if (at == std::string_view::npos) return full_weight;
  std::string_view digits = parameters.substr(at + name.size());
  if (!digits.starts_with('0')) return full_weight;
  digits.remove_prefix(std::min<std::size_t>(2, digits.size()));
  int weight = 0;
  for (std::size_t place = 0; place < 3; ++place) {
    const bool is_digit = place < digits.size() && digits[place] >= '0' && digits[place] <= '9';
    if (!is_digit) digits = {};
    weight = weight * 10 + (is_digit ? digits[place] - '0' : 0);
  }
  return weight;
}

// OpenMetrics only where it is named, and nothing else is liked better.
bool wants_open_metrics(std::string_view accept) {
  int open = 0;
  int plain = 0;
  while (!accept.empty()) {
    const std::size_t comma = accept.find(',');
    const std::string item = without_blanks(accept.substr(0, comma));
    accept = comma == std::string_view::npos ? std::string_view() : accept.substr(comma + 1);
    const std::string_view type = std::string_view(item).substr(0, item.find(';'));
    int& liked = type == open_metrics_type ? open : plain;
    liked = std::max(liked, weight_of(std::string_view(item).substr(type.size())));
  }
  return open > 0 && open >= plain;
}

}  // namespace

MetricsPage metrics_page(const Metrics& metrics, std::string_view accept) {
  if (wants_open_metrics(accept)) {
    return {"application/openmetrics-text; version=1.0.0; charset=utf-8", metrics.render(Exposition::open_metrics)};
  }
  return {"text/plain; version=0.0.4; charset=utf-8", metrics.render(Exposition::prometheus)};
}

}  // namespace obleth::observe
