// What comes behind the model in a form: it streams through, looked at only for a second model, for n and a proper end.
//
// Connection's thread; the exchange outlives it.
#pragma once

#include <string_view>
#include <utility>

#include "base/result.hpp"
#include "base/task.hpp"
#include "ports/http_service.hpp"
#include "wire/form_scanner.hpp"

namespace obleth::gateway {

class FormRest {
 public:
  FormRest(ports::ClientExchange& exchange, wire::FormScanner scanner)
      : exchange_(exchange), scanner_(std::move(scanner)) {}

  // Next bytes; empty at the end. Faults: those of read_body, and invalid (not a form, not one model in it, or too
  // large an n).
  Task<Result<std::string_view>> next();
  // Nothing of it is gone: the request may be sent once more.
  [[nodiscard]] bool untouched() const { return untouched_; }

 private:
  ports::ClientExchange& exchange_;
  wire::FormScanner scanner_;
  bool untouched_ = true;
};

}  // namespace obleth::gateway
