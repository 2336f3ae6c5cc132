#include "domain/time_zone.hpp"

#include <exception>

namespace obleth {

bool is_utc(const std::string& name) {
  return name == "UTC" || name == "Etc/UTC";
}

const date::time_zone* find_time_zone(const std::string& name) {
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {
    return nullptr;
  }
}

}  // namespace obleth
