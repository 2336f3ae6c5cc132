#include "adapters/redis/reply_reader.hpp"

#include <hiredis/read.h>

#include <new>
#include <utility>

#include "base/ensure.hpp"

namespace obleth::adapters {
namespace {

// Where the reply of this task belongs: its place in the array around it, else a new root.
RedisReply* place_of(const redisReadTask* task) {
  if (task->parent == nullptr) return new RedisReply;
  auto* const around = static_cast<RedisReply*>(task->parent->obj);
  return &around->items[static_cast<std::size_t>(task->idx)];
}

RedisReply::Kind text_kind(int type) {
  if (type == REDIS_REPLY_ERROR) return RedisReply::Kind::error;
  return type == REDIS_REPLY_STATUS ? RedisReply::Kind::status : RedisReply::Kind::text;
}

void* make_text(const redisReadTask* task, char* bytes, std::size_t count) {
  RedisReply* const reply = place_of(task);
  reply->kind = text_kind(task->type);
  reply->text.assign(bytes, count);
  return reply;
}

// Null is how hiredis is told "no memory for this".
void* make_array(const redisReadTask* task, int count) {
  if (count > ReplyReader::items_max) return nullptr;
  RedisReply* const reply = place_of(task);
  reply->kind = RedisReply::Kind::array;
  reply->items.resize(static_cast<std::size_t>(count));
  return reply;
}

void* make_integer(const redisReadTask* task, long long value) {
  RedisReply* const reply = place_of(task);
  reply->kind = RedisReply::Kind::integer;
  reply->integer = value;
  return reply;
}

void* make_nil(const redisReadTask* task) {
  return place_of(task);
}

// Called with a root only: what is inside it goes with it.
void free_reply(void* root) {
  delete static_cast<RedisReply*>(root);
}

redisReplyObjectFunctions* functions() {
  static redisReplyObjectFunctions table{make_text, make_array, make_integer, make_nil, free_reply};
  return &table;
}

}  // namespace

void ReplyReader::Free::operator()(redisReader* reader) const noexcept {
  redisReaderFree(reader);
}

ReplyReader::ReplyReader() : reader_(redisReaderCreateWithFunctions(functions())) {
  ensure(reader_ != nullptr, "a reader of replies needs memory");
}

void ReplyReader::feed(std::string_view bytes) {
  waiting_bytes_ += bytes.size();
  redisReaderFeed(reader_.get(), bytes.data(), bytes.size());
}

Result<std::optional<RedisReply>> ReplyReader::next() {
  void* whole = nullptr;
  if (redisReaderGetReply(reader_.get(), &whole) != REDIS_OK) {
    return fail(store_fault(FaultKind::bad_answer, std::string("this is not how Redis answers: ") + reader_->errstr));
  }
  if (whole == nullptr) {
    if (waiting_bytes_ <= reply_bytes_max) return std::optional<RedisReply>();
    return fail(store_fault(FaultKind::bad_answer, "Redis answers more than was asked for"));
  }
  waiting_bytes_ = reader_->len - reader_->pos;
  const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(whole));
  return std::optional<RedisReply>(std::move(*reply));
}

}  // namespace obleth::adapters
