#include "mcp/audit_writer.hpp"

#include <gtest/gtest.h>

#include "adapters/caching/scripted_store_test.hpp"
#include "mock/fake_loop.hpp"

namespace obleth::mcp {
namespace {

using std::chrono::seconds;

class AuditWriterTest : public testing::Test {
 protected:
  AuditWriterTest() { writer_.attach(loop_); }
  void note(std::string action) {
    AuditEntry entry;
    entry.action = std::move(action);
    writer_.note(std::move(entry));
    loop_.run_posted();
  }
  std::vector<std::string> written() const {
    std::vector<std::string> actions;
    for (const ports::Transaction& transaction : store_.committed)
      for (const AuditEntry& entry : transaction.audit)
        actions.push_back(entry.action);
    return actions;
  }

  mock::FakeLoop loop_;
  adapters::ScriptedStore store_;
  AuditWriter writer_{store_};
};

using Actions = std::vector<std::string>;

TEST_F(AuditWriterTest, WhatAStoreThatIsAwayDidNotTakeIsWrittenWhenItIsBack) {
  store_.down = true;
  note("one");
  loop_.advance(seconds(5));
  note("two");
  store_.down = false;
  loop_.advance(seconds(2));
  EXPECT_EQ(written(), (Actions{"one", "two"}));
}

TEST_F(AuditWriterTest, WhatTheRecordRefusesForWhatItIsDoesNotStandBeforeTheOthers) {
  store_.commit_refused = client_fault(FaultKind::invalid, "a value cannot be stored");
  note("refused");
  note("next");
  loop_.advance(seconds(2));
  EXPECT_EQ(written(), (Actions{"next"}));
}

}  // namespace
}  // namespace obleth::mcp
