#include "overlay/cli/admin.h"

namespace cli {

void add_admin_commands(CLI::App& /*app*/, Context& /*context*/) {}

}  // namespace cli
