// /keys and /tenants/{id}/keys: the secrets that clients send. A secret is answered once, when it is made. Any thread.
#pragma once

#include <string>

#include "admin/key_fields.hpp"
#include "admin/record_desk.hpp"
#include "admin/route.hpp"

namespace obleth::admin {

class Keys {
 public:
  explicit Keys(RecordDesk& desk) : desk_(desk) {}
  void register_in(RouteTable& table);

 private:
  Task<Reply> list_all(const Call& call);
  Task<Reply> list_of_tenant(const Call& call);
  Task<Reply> list(const Call& call, std::optional<TenantId> tenant);
  Task<Reply> create(const Call& call);
  Task<Reply> show(const Call& call);
  Task<Reply> edit(const Call& call, const Fields<KeyDoc>& fields, ReadMode mode);
  Task<Reply> rotate(const Call& call);
  Task<Reply> remove(const Call& call);

  Task<Outcome<TenantId>> find_tenant(std::string id);
  Task<Outcome<KeyDoc>> find(std::string id);
  Task<Outcome<>> save(const RecordDesk::Turn& turn, const Caller& caller, const char* action, const KeyDoc* before,
                       const KeyDoc* after);
  // What is true of it now, to be shown: the use of its budget, and no rotation whose grace is over.
  Task<void> fill_in_live(KeyDoc& doc);

  RecordDesk& desk_;
};

}  // namespace obleth::admin
