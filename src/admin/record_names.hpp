// Records are named in JSON and referred to by id in other records: the names of one call, each looked up once.
//
// Thread: lives in one call.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "admin/record_desk.hpp"
#include "admin/reply.hpp"
#include "base/task.hpp"

namespace obleth::admin {

// Of groups, or of tenants.
template <class Record>
class RecordNames {
 public:
  using Id = decltype(Record::id);
  using Find = Task<Result<std::optional<Record>>> (ports::RecordStore::*)(std::string id_or_name);
  RecordNames(RecordDesk& desk, Find find) : desk_(desk), find_(find) {}

  // nullopt: it was deleted.
  Task<Outcome<std::optional<std::string>>> find_name(Id id) {
    if (const auto known = names_.find(id); known != names_.end()) co_return known->second;
    const Outcome<std::optional<Id>> found = co_await look_up(id.uuid());
    if (!found) co_return std::unexpected(found.error());
    co_return names_[id];
  }
  // nullopt: nothing bears this name.
  Task<Outcome<std::optional<Id>>> find_id(std::string name) {
    if (const auto known = ids_.find(name); known != ids_.end()) co_return known->second;
    Outcome<std::optional<Id>> found = co_await look_up(std::move(name));
    co_return found;
  }

  // What is about to be made, or deleted.
  void remember(const Record& record) {
    names_[record.id] = record.name;
    ids_[record.name] = record.id;
  }
  void forget(const Record& record) {
    names_[record.id] = std::nullopt;
    ids_[record.name] = std::nullopt;
  }

 private:
  Task<Outcome<std::optional<Id>>> look_up(std::string id_or_name) {
    const Result<std::optional<Record>> found = co_await (desk_.store().*find_)(id_or_name);
    if (!found) co_return std::unexpected(refuse_fault(found.error()));
    if (!*found) co_return std::optional<Id>();
    const Record& record = **found;
    // What the call makes of it comes before what the store still says.
    if (names_.contains(record.id)) co_return names_[record.id] ? std::optional(record.id) : std::nullopt;
    remember(record);
    co_return std::optional(record.id);
  }

  RecordDesk& desk_;
  Find find_;
  std::map<Id, std::optional<std::string>> names_;
  std::map<std::string, std::optional<Id>> ids_;
};

}  // namespace obleth::admin
