#include "overlay/model/view_follower.h"

#include <algorithm>
#include <string>

namespace model {

base::Status ViewFollower::check_continues(const ViewUpdate& update) const {
  const bool is_our_epoch = update.epoch == cursor_.epoch;
  if (update.is_snapshot) {
    // An older snapshot of the same history comes from a coordinator that lags behind.
    if (is_our_epoch && update.sequence < cursor_.sequence) {
      return base::Error(base::Errc::Conflict,
                         "snapshot: sequence " + std::to_string(update.sequence) +
                             ", expected at least " + std::to_string(cursor_.sequence));
    }
    return {};
  }
  if (!is_our_epoch) {
    return base::Error(base::Errc::Conflict, "delta: epoch " + std::to_string(update.epoch) +
                                                 ", expected " + std::to_string(cursor_.epoch));
  }
  if (update.base_sequence > cursor_.sequence || update.sequence < cursor_.sequence) {
    return base::Error(base::Errc::Conflict,
                       "delta: sequences " + std::to_string(update.base_sequence) + ".." +
                           std::to_string(update.sequence) + ", expected to include " +
                           std::to_string(cursor_.sequence));
  }
  return {};
}

base::Status ViewFollower::handle_update(const ViewUpdate& update) {
  if (auto status = check_continues(update); !status.ok()) {
    return status;
  }
  if (update.is_snapshot) {
    View fresh;
    if (auto status = fresh.apply(update.changes, update.state_hash); !status.ok()) {
      return status;
    }
    view_ = std::move(fresh);
  } else if (auto status = view_.apply(update.changes, update.state_hash); !status.ok()) {
    return status;
  }
  cursor_ = Cursor{update.epoch, update.sequence};
  return {};
}

base::Result<View> ViewFollower::preview(const ViewUpdate& update) const {
  if (const auto status = check_continues(update); !status.ok()) {
    return status.error();
  }
  View after = update.is_snapshot ? View() : view_;
  if (const auto status = after.apply(update.changes, update.state_hash); !status.ok()) {
    return status.error();
  }
  return after;
}

std::size_t ViewFollower::nodes_removed_by(const ViewUpdate& update) const {
  if (!update.is_snapshot) {
    return static_cast<std::size_t>(
        std::ranges::count_if(update.changes, [this](const FactChange& change) {
          return change.key.kind == FactKind::Node && !change.fact.has_value() &&
                 view_.find(change.key) != nullptr;
        }));
  }
  // Both are in key order, so what stays is counted in one pass.
  std::size_t removed = 0;
  auto kept = update.changes.begin();
  for (const auto& [key, fact] : view_.facts()) {
    while (kept != update.changes.end() && kept->key < key) {
      ++kept;
    }
    if (key.kind == FactKind::Node && (kept == update.changes.end() || kept->key != key)) {
      ++removed;
    }
  }
  return removed;
}

}  // namespace model
