// A line chart as SVG: shares or seconds over time.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace obleth::sim {

struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;  // x, y
  bool dashed = false;                            // what is aimed at; drawn thin, and in the colour of the one before
};

struct Chart {
  std::string title;
  std::string x_title;
  std::string y_title;
  double y_max = 1;
  std::vector<Series> series;
  std::vector<std::pair<double, std::string>> marks;  // moments, with what happened
};

[[nodiscard]] std::string svg_of(const Chart& chart);

}  // namespace obleth::sim
