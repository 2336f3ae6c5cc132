#include "sim/chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace obleth::sim {

namespace {

constexpr double width = 760;
constexpr double height = 360;
constexpr double left = 56;
constexpr double right = 150;
constexpr double top = 44;
constexpr double bottom = 46;
// Told apart by people who do not see all colours (Okabe and Ito, 2008).
constexpr std::array<const char*, 6> colours{"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", value);
  return text;
}

std::string text_at(double x, double y, const std::string& attributes, const std::string& text) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" " + attributes + ">" + text + "</text>\n";
}

std::string line_from(double x1, double y1, double x2, double y2) {
  return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" + number(y2) +
         "\"";
}

// 1, 2 or 5 times a power of ten, so that there are about that many steps.
double round_step(double whole, double steps) {
  const double raw = whole / steps;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= raw) return factor * power;
  }
  return 10 * power;
}

class Drawing {
 public:
  explicit Drawing(const Chart& chart) : chart_(chart) {
    x_min_ = x_max_ = chart.series.front().points.front().first;
    for (const Series& series : chart.series) {
      for (const auto& [x, y] : series.points) {
        x_min_ = std::min(x_min_, x);
        x_max_ = std::max(x_max_, x);
      }
    }
  }

  std::string draw() {
    out_ = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + number(width) + " " + number(height) +
           "\" font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n";
    out_ += text_at(left, 22, "font-size=\"15\" font-weight=\"bold\"", chart_.title);
    draw_grid();
    draw_marks();
    draw_series();
    return out_ + "</svg>\n";
  }

 private:
  [[nodiscard]] double x_at(double x) const { return left + (x - x_min_) / (x_max_ - x_min_) * (width - left - right); }
  [[nodiscard]] double y_at(double y) const {
    return height - bottom - std::min(y, chart_.y_max) / chart_.y_max * (height - top - bottom);
  }

  void draw_grid() {
    const double y_step = round_step(chart_.y_max, 5);
    for (double y = 0; y <= chart_.y_max * 1.0001; y += y_step) {
      out_ += line_from(left, y_at(y), width - right, y_at(y)) + " stroke=\"#dddddd\"/>\n";
      out_ += text_at(left - 6, y_at(y) + 4, "text-anchor=\"end\" fill=\"#555555\"", number(y));
    }
    const double x_step = round_step(x_max_ - x_min_, 6);
    for (double x = std::ceil(x_min_ / x_step) * x_step; x <= x_max_; x += x_step)
      out_ += text_at(x_at(x), height - bottom + 16, "text-anchor=\"middle\" fill=\"#555555\"", number(x));
    out_ += text_at((left + width - right) / 2, height - 8, "text-anchor=\"middle\"", chart_.x_title);
    out_ += text_at(left, top - 6, "fill=\"#555555\"", chart_.y_title);
  }

  void draw_marks() {
    for (const auto& [x, what] : chart_.marks) {
      out_ += line_from(x_at(x), top, x_at(x), height - bottom) + " stroke=\"#888888\" stroke-dasharray=\"2 3\"/>\n";
      out_ += text_at(x_at(x) + 4, top + 10, "fill=\"#555555\"", what);
    }
  }

  void draw_series() {
    std::size_t drawn = 0;
    double label_y = top + 8;
    for (const Series& series : chart_.series) {
      const std::string colour = colours[(series.dashed && drawn > 0 ? drawn - 1 : drawn++) % colours.size()];
      out_ += "<polyline fill=\"none\" stroke=\"" + colour + "\" stroke-width=\"" + (series.dashed ? "1" : "2") + "\"";
      out_ += series.dashed ? " stroke-dasharray=\"6 4\" points=\"" : " points=\"";
      for (const auto& [x, y] : series.points)
        out_ += number(x_at(x)) + "," + number(y_at(y)) + " ";
      out_ += "\"/>\n";
      if (series.name.empty()) continue;
      out_ += line_from(width - right + 10, label_y - 4, width - right + 28, label_y - 4) + " stroke=\"" + colour +
              "\" stroke-width=\"2\"/>\n";
      out_ += text_at(width - right + 33, label_y, "fill=\"#222222\"", series.name);
      label_y += 18;
    }
  }

  const Chart& chart_;
  double x_min_ = 0;
  double x_max_ = 1;
  std::string out_;
};

}  // namespace

std::string svg_of(const Chart& chart) {
  return Drawing(chart).draw();
}

}  // namespace obleth::sim
