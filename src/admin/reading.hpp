// One reading of a request body: in which way it is read, where in it we are, and everything that is wrong with it.
//
// Nothing stops at the first fault: the client learns every one of them at once. Thread: a value on one stack.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace obleth::admin {

inline constexpr std::size_t problems_max = 100;  // told in one answer

struct Problem {
  std::string field;  // "budget.tokens", "endpoints[1].api_base"; empty: the document itself
  std::string problem;
  bool operator==(const Problem&) const = default;
};

// create: what is absent takes its default, what the gateway sets itself may not stand in the body.
// replace: what is absent takes its default, read-only members are accepted as they were, secrets keep their value.
// change: what is absent stays as it is.
// In each of them null is the default.
enum class ReadMode : std::uint8_t { create, replace, change };

class Reading {
 public:
  explicit Reading(ReadMode mode) : mode_(mode) {}

  [[nodiscard]] ReadMode mode() const { return mode_; }
  [[nodiscard]] bool failed() const { return !problems_.empty(); }
  [[nodiscard]] const std::vector<Problem>& problems() const { return problems_; }

  void fault(std::string problem) { add(path_, std::move(problem)); }
  void fault_at(std::string_view member, std::string problem) { add(joined(member), std::move(problem)); }

  // Inside a member or an item of a list, until it is destroyed.
  class Step {
   public:
    Step(Reading& reading, std::string path)
        : reading_(reading), before_(std::exchange(reading.path_, std::move(path))) {}
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;
    ~Step() { reading_.path_ = std::move(before_); }

   private:
    Reading& reading_;
    std::string before_;
  };
  [[nodiscard]] Step member(std::string_view name) { return {*this, joined(name)}; }
  [[nodiscard]] Step item(std::size_t at) { return {*this, path_ + "[" + std::to_string(at) + "]"}; }
  // A step that was written down: ".name" or "[3]".
  [[nodiscard]] Step inside(const std::string& step) { return {*this, path_ + step}; }
  // For what follows, in another way: a nested reading of a declarative file.
  void set_mode(ReadMode mode) { mode_ = mode; }

 private:
  [[nodiscard]] std::string joined(std::string_view name) const {
    return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
  }
  void add(std::string field, std::string problem) {
    if (problems_.size() < problems_max) problems_.push_back({std::move(field), std::move(problem)});
  }

  ReadMode mode_;
  std::string path_;
  std::vector<Problem> problems_;
};

}  // namespace obleth::admin
