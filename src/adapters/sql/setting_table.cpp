#include "adapters/sql/setting_table.hpp"

#include "adapters/sql/query.hpp"

namespace obleth::adapters {

void SettingTable::put(const ports::PutSetting& write) const {
  if (!write.value) {
    Query remove(session_, "DELETE FROM settings WHERE name = ?");
    remove.bind(write.name).run();
    return;
  }
  Query put(session_,
            "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value");
  put.bind(write.name).bind(*write.value).run();
}

std::vector<std::pair<std::string, std::string>> SettingTable::all() const {
  Query list(session_, "SELECT name, value FROM settings ORDER BY name");
  std::vector<std::pair<std::string, std::string>> settings;
  while (list.step()) {
    QueryRow row(list);
    std::string name = row.text();
    settings.emplace_back(std::move(name), row.text());
  }
  return settings;
}

}  // namespace obleth::adapters
