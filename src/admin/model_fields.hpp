// A model and its endpoints as the Management API reads and writes them. Any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/dependencies.hpp"
#include "admin/fields.hpp"
#include "admin/record_desk.hpp"
#include "domain/model.hpp"

namespace obleth::admin {

inline constexpr std::size_t endpoints_max = 64;  // of one model

struct EndpointDoc {
  Endpoint endpoint;
  // Absent: the body did not name api_key, so it stays as it is.
  std::optional<std::optional<Secret>> written_key;
  EndpointState state;
  bool operator==(const EndpointDoc& other) const { return endpoint == other.endpoint; }
};

// api_base is the first endpoint's base URL: what a model with one endpoint is written with.
struct ModelDoc {
  Model model;
  std::string api_base;
  std::vector<EndpointDoc> endpoints;
};

[[nodiscard]] const Fields<ModelDoc>& model_fields();
[[nodiscard]] const Fields<EndpointDoc>& endpoint_fields();

[[nodiscard]] ModelDoc model_doc(Model model);
// The record to store, of a document that settle_endpoints has passed.
[[nodiscard]] Model model_record(const ModelDoc& doc);

// None of the problems beyond so many is about them: what follows of them can be told, too.
[[nodiscard]] bool could_read_endpoints(const Reading& reading, std::size_t problems_before);
// Makes api_base and endpoints one thing after a body was read: links endpoints to those that exist (by id, else by
// address), keeps their keys where none was written, and refuses what contradicts itself. current is null to create.
void settle_endpoints(ModelDoc& next, const ModelDoc* current, const RecordDesk& desk, Reading& reading);
// Credentials that this body brought and that cannot be stored, and addresses that are never connected to.
void check_model(const ModelDoc& next, const ModelDoc* current, const RecordDesk& desk, Reading& reading);

// Null before: created. Null after: deleted.
[[nodiscard]] AuditNote model_note(const char* action, const ModelDoc* before, const ModelDoc* after);

}  // namespace obleth::admin
