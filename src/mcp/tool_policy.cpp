#include "mcp/tool_policy.hpp"

#include <algorithm>

namespace obleth::mcp {
namespace {

template <class Id>
bool is_it(const IdOrFormerName<Id>& named, const Id& id, const std::string& name) {
  if (const auto* own = std::get_if<Id>(&named)) return *own == id;
  return std::get<std::string>(named) == name;
}

bool names(const McpAccess& rule, const ResolvedKey& who) {
  if (rule.tenant) return is_it(*rule.tenant, who.tenant.id, who.tenant.name);
  return !rule.group || is_it(*rule.group, who.group.id, who.group.name);
}

}  // namespace

std::optional<ToolPolicy> ToolPolicy::of(const McpServer& server, const ResolvedKey& who) {
  ToolPolicy policy;
  policy.every_tool_ = !server.access;
  bool named = !server.access;
  for (const McpAccess& rule : server.access.value_or(std::vector<McpAccess>{})) {
    if (!names(rule, who)) continue;
    named = true;
    policy.every_tool_ = policy.every_tool_ || !rule.tools;
    if (rule.tools) policy.globs_.insert(policy.globs_.end(), rule.tools->begin(), rule.tools->end());
  }
  return named ? std::optional(std::move(policy)) : std::nullopt;
}

bool ToolPolicy::allows(std::string_view tool) const {
  return every_tool_ || std::ranges::any_of(globs_, [&](const std::string& glob) { return matches_glob(glob, tool); });
}

// Back to the last star only: what an earlier one took need never change.
bool matches_glob(std::string_view glob, std::string_view text) {
  std::size_t at = 0;
  std::size_t in = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (in < text.size()) {
    if (at < glob.size() && glob[at] == '*') {
      star = at++;
      retry = in;
    } else if (at < glob.size() && glob[at] == text[in]) {
      ++at;
      ++in;
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in = ++retry;
    } else {
      return false;
    }
  }
  while (at < glob.size() && glob[at] == '*')
    ++at;
  return at == glob.size();
}

}  // namespace obleth::mcp
