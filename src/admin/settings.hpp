// /settings: every setting with its value and where that came from; those that can be changed without a restart are.
// Any thread.
#pragma once

#include "admin/record_desk.hpp"
#include "admin/route.hpp"

namespace obleth::admin {

class Settings {
 public:
  explicit Settings(RecordDesk& desk) : desk_(desk) {}
  void register_in(RouteTable& table);

 private:
  Task<Reply> list(const Call& call);
  Task<Reply> change(const Call& call);
  [[nodiscard]] std::vector<SettingRow> rows() const;
  [[nodiscard]] Edit read_changes(const Json& body, Reading& reading) const;

  RecordDesk& desk_;
};

}  // namespace obleth::admin
