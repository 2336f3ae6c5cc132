// Finds nodes by their names, which the nodes themselves hold: a table of indexes, without a second copy of any id.
//
// Thread: that of the engine.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstddef>
#include <optional>

#include "core/fairshare/share_node.hpp"
#include "core/fairshare/slot_array.hpp"

namespace obleth::fairshare {

class NodeNames {
 public:
  using Nodes = SlotArray<ShareNode, NodeIndex>;

  // nodes outlive the table, and no node's name changes while it stands here.
  explicit NodeNames(const Nodes& nodes) : indexes_(0, Hash{&nodes}, Same{&nodes}) {}

  // within: the id of the node's parent, for names that are unique there alone.
  [[nodiscard]] NodeIndex find(Bits128 id, std::optional<Bits128> within = std::nullopt) const {
    const auto found = indexes_.find(Name{id, within});
    return found == indexes_.end() ? NodeIndex::none : *found;
  }
  void insert(NodeIndex index) { indexes_.insert(index); }
  void erase(NodeIndex index) { indexes_.erase(index); }

 private:
  struct Name {
    Bits128 id;
    std::optional<Bits128> within;
  };
  struct Hash {
    using is_transparent = void;
    const Nodes* nodes = nullptr;
    std::size_t operator()(const Name& name) const { return hash_of(name.id); }
    std::size_t operator()(NodeIndex index) const { return hash_of((*nodes)[index].id); }
    // The ids are random; the table mixes further.
    static std::size_t hash_of(Bits128 id) {
      return static_cast<std::size_t>(id.high ^ (id.low * 0x9E3779B97F4A7C15ULL));
    }
  };
  struct Same {
    using is_transparent = void;
    const Nodes* nodes = nullptr;
    bool operator()(NodeIndex one, NodeIndex other) const { return one == other; }
    bool operator()(const Name& name, NodeIndex index) const {
      const ShareNode& node = (*nodes)[index];
      return node.id == name.id && (!name.within || (*nodes)[node.parent].id == *name.within);
    }
    bool operator()(NodeIndex index, const Name& name) const { return (*this)(name, index); }
  };

  boost::unordered_flat_set<NodeIndex, Hash, Same> indexes_;
};

}  // namespace obleth::fairshare
