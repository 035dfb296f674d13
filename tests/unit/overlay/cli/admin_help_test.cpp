// What the commands' --help says of how they are called.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "overlay/cli/admin.h"
#include "overlay/cli/unknown_command.h"

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

TEST(UnknownCommandTest, NamesTheWordAndWhatIsThere) {
  const auto said = [](const std::string& line) {
    CLI::App app("", "linkspan");
    app.require_subcommand(1);
    Context context;
    add_admin_commands(app, context);
    EXPECT_THROW(app.parse(line), CLI::ParseError) << line;
    return unknown_command(app);
  };
  EXPECT_THAT(said("frob"),
              testing::StartsWith("linkspan: frob: no such command, expected one of: "));
  EXPECT_THAT(said("node lst"), testing::StartsWith("linkspan node: lst: no such command"));
  EXPECT_THAT(said("node lst"), testing::HasSubstr(" list"));
  EXPECT_EQ(said(""), "");
  EXPECT_EQ(said("node"), "");
  EXPECT_EQ(said("--frob"), "");
}

}  // namespace
}  // namespace cli
