// The Management API as a service of a listener: finds the route, lets the caller in, reads the body, answers.
//
// What the routes do stands in one file per resource. Thread: the administration's, as some keep what they made.
#pragma once

#include <cstdint>

#include "admin/admin_tokens.hpp"
#include "admin/apply.hpp"
#include "admin/audit_log.hpp"
#include "admin/capacity.hpp"
#include "admin/dependencies.hpp"
#include "admin/explain_view.hpp"
#include "admin/fairshare_view.hpp"
#include "admin/groups.hpp"
#include "admin/keys.hpp"
#include "admin/mcp_probe.hpp"
#include "admin/mcp_servers.hpp"
#include "admin/model_endpoints.hpp"
#include "admin/model_trial.hpp"
#include "admin/models.hpp"
#include "admin/record_desk.hpp"
#include "admin/route.hpp"
#include "admin/settings.hpp"
#include "admin/status_pages.hpp"
#include "admin/tenants.hpp"
#include "admin/usage.hpp"
#include "admin/usage_export.hpp"
#include "ports/http_service.hpp"

namespace obleth::admin {

inline constexpr std::uint64_t admin_body_bytes_max = 16ULL << 20;

class ManagementApi final : public ports::HttpService {
 public:
  explicit ManagementApi(Dependencies dependencies);
  ManagementApi(const ManagementApi&) = delete;
  ManagementApi& operator=(const ManagementApi&) = delete;

  Task<void> serve(ports::ClientExchange& exchange) override;
  [[nodiscard]] const RouteTable& routes() const { return table_; }
  // Answers that go on for as long as their client looks get their end. On the thread that serves them.
  void end_streams() { fairshare_.end_streams(); }

 private:
  Task<Outcome<Call>> receive(const RouteMatch& match, std::string_view raw_query, ports::ClientExchange& exchange);
  Task<Reply> answer_for(const RouteMatch& match, std::string_view raw_query, ports::ClientExchange& exchange);
  Task<Reply> answer_unrouted(const RouteMatch& match, std::string_view path, ports::ClientExchange& exchange);

  const Dependencies given_;
  RouteTable table_;
  RecordDesk desk_{given_};
  Tenants tenants_{desk_};
  Keys keys_{desk_};
  Groups groups_{desk_};
  FairshareNameBook fairshare_names_{desk_};
  FairshareView fairshare_{desk_, fairshare_names_};
  ExplainView explain_{desk_, fairshare_names_};
  Capacity capacity_{desk_};
  Models models_{desk_};
  ModelEndpoints model_endpoints_{desk_};
  ModelTrial model_trial_{desk_};
  McpServers mcp_servers_{desk_};
  McpProbe mcp_probe_{desk_};
  Usage usage_{desk_};
  UsageExport usage_export_{desk_};
  AuditLog audit_log_{desk_};
  AdminTokens admin_tokens_{desk_};
  Settings settings_{desk_};
  Apply apply_{desk_};
  StatusPages status_pages_{desk_, table_};
};

}  // namespace obleth::admin
