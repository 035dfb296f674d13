#pragma once

#include "overlay/base/result.h"
#include "overlay/model/view.h"
#include "overlay/model/view_frame.h"

namespace model {

// Holds a view and a cursor, and moves both with verified updates. Pure; the agent feeds it from
// the stream and from disk, tests and simulations feed it directly.
//
//   snapshot   replaces everything
//   delta      applies if its epoch is ours and base_sequence <= ours <= sequence
//   otherwise  Conflict: the stream has to be opened again without a cursor
class ViewFollower {
 public:
  // Errors: Conflict when the update does not continue what is held or gives another state hash;
  // Malformed, LimitExceeded from View::apply(). On error nothing has changed.
  base::Status handle_update(const ViewUpdate& update);

  // What the view would be after `update`, for a look before the leap. O(facts).
  base::Result<View> preview(const ViewUpdate& update) const;

  // How many nodes that are held now `update` would remove: for the mass-removal guard. O(changes),
  // for a snapshot O(facts).
  std::size_t nodes_removed_by(const ViewUpdate& update) const;

  const View& view() const { return view_; }
  Cursor cursor() const { return cursor_; }

 private:
  base::Status check_continues(const ViewUpdate& update) const;

  View view_;
  Cursor cursor_;
};

}  // namespace model
