// Carries out what the admin commands mean: asks the API, prints, says how it went.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "overlay/cli/admin_request.h"

namespace cli {

// Where the coordinator is and who we are to it.
struct AdminTarget {
  std::string api;
  std::string key_file;
};

struct Creation {
  Kind kind = Kind::Network;
  // Filled with the only network there is when it is empty; null for what has no network.
  std::string* network = nullptr;
  std::function<base::Result<ApiRequest>()> make_request;  // after `network` is known
  std::string key_output;  // of an API key: the file that gets it instead of the terminal
};

struct Selection {
  Kind kind = Kind::Network;
  std::string text;  // an id or a name
  Filters filters;   // narrow a name down
};

// Each prints what it found or did, or one sentence on standard error, and gives the exit code.
int run_create(const AdminTarget& target, const Creation& creation, bool is_json);
int run_list(const AdminTarget& target, Kind kind, const Filters& filters, std::size_t limit,
             bool is_json);
int run_show(const AdminTarget& target, const Selection& selection, bool is_json);
int run_remove(const AdminTarget& target, const Selection& selection, bool is_json);
int run_confirm_removals(const AdminTarget& target, const std::string& network, bool is_json);

}  // namespace cli
