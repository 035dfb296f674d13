// What the commands' --help says of how they are called.
#include <gtest/gtest.h>

#include "overlay/cli/admin.h"

namespace cli {
namespace {

// CLI11 shows an option that is both twice, each time as required.
void expect_one_way_to_give(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    EXPECT_FALSE(option->get_positional() && option->nonpositional())
        << command.get_name() << ": " << option->get_name(true, true);
  }
  for (const CLI::App* below : command.get_subcommands({})) {
    expect_one_way_to_give(*below);
  }
}

TEST(AdminHelpTest, EveryArgumentIsShownOnce) {
  CLI::App app("", "linkspan");
  Context context;
  add_admin_commands(app, context);

  ASSERT_FALSE(app.get_subcommands({}).empty());
  expect_one_way_to_give(app);
}

}  // namespace
}  // namespace cli
