#include "admin/capacity.hpp"

#include <utility>

#include "admin/audit_note.hpp"
#include "admin/shapes.hpp"

namespace obleth::admin {

const Fields<CapacityDoc>& capacity_fields() {
  using F = Declare<CapacityDoc>;
  const Json count = Json::object({{"type", "integer"}});
  static const Fields<CapacityDoc> fields(
      {F::writable("max_in_flight", whole<std::uint32_t>(1, slots_max),
                   [](auto& doc) -> auto& { return doc.max_in_flight; })
           .required()
           .about("Requests at the upstreams at a time, over all replicas."),
       F::live("in_flight", count, [](const CapacityDoc& doc) -> std::optional<Json> { return doc.in_flight; }),
       F::live("queued", count, [](const CapacityDoc& doc) -> std::optional<Json> { return doc.queued; })});
  return fields;
}

Task<Outcome<CapacityDoc>> current_capacity(RecordDesk& desk) {
  CapacityDoc doc;
  if (desk.live().snapshot) {
    const fairshare::Snapshot snapshot = desk.live().snapshot();
    doc = {.max_in_flight = snapshot.capacity, .in_flight = snapshot.in_flight, .queued = snapshot.queued};
  }
  const auto settings = co_await desk.store().all_settings();
  if (!settings) co_return std::unexpected(refuse_fault(settings.error()));
  for (const auto& [name, value] : *settings) {
    const auto slots = name == capacity_setting ? scaled_integer(value, 0) : std::nullopt;
    if (slots && *slots > 0 && *slots <= slots_max) doc.max_in_flight = static_cast<std::uint32_t>(*slots);
  }
  co_return doc;
}

void add_capacity(Edit& edit, const CapacityDoc& before, const CapacityDoc& after) {
  edit.add(
      ports::PutSetting{capacity_setting, std::to_string(after.max_in_flight)},
      note_of({"capacity.update", "setting", capacity_setting, capacity_setting}, capacity_fields(), &before, &after),
      ports::SettingsChanged{});
}

void Capacity::register_in(RouteTable& table) {
  table.section("capacity");
  table.describe("Capacity", capacity_fields().schema(SchemaKind::answer));
  table.describe("CapacityReplace", capacity_fields().schema(SchemaKind::replace));
  table.add(get("/capacity", "Show the capacity and its use").gives("Capacity").answered_by(this, &Capacity::show));
  table.add(put("/capacity", "Set the capacity")
                .takes("CapacityReplace")
                .gives("Capacity")
                .answered_by(this, &Capacity::replace));
}

Task<Reply> Capacity::show(const Call&) {
  const Outcome<CapacityDoc> doc = co_await current_capacity(desk_);
  if (!doc) co_return doc.error();
  co_return answer(200, capacity_fields().show(*doc));
}

Task<Reply> Capacity::replace(const Call& call) {
  const RecordDesk::Turn turn = co_await desk_.turn();
  const Outcome<CapacityDoc> current = co_await current_capacity(desk_);
  if (!current) co_return current.error();
  CapacityDoc next = *current;
  Reading reading(ReadMode::replace);
  capacity_fields().take(next, call.body, reading);
  if (reading.failed()) co_return refuse_body(reading);
  Edit changed;
  add_capacity(changed, *current, next);
  const auto done = co_await desk_.commit(turn, call.caller, std::move(changed));
  if (!done) co_return done.error();
  co_return answer(200, capacity_fields().show(next));
}

}  // namespace obleth::admin
