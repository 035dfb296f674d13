#include "overlay/cli/unknown_command.h"

#include <vector>

namespace cli {

std::string unknown_command(const CLI::App& app) {
  const CLI::App* at = &app;
  std::string name = app.get_name();
  std::vector<std::string> words = app.remaining();
  while (!at->get_subcommands().empty()) {
    at = at->get_subcommands().back();
    name += " " + at->get_name();
    const std::vector<std::string> own = at->remaining();
    words.insert(words.begin(), own.begin(), own.end());
  }
  const std::vector<const CLI::App*> commands = at->get_subcommands({});
  if (commands.empty() || words.empty() || words.front().starts_with("-")) {
    return "";
  }
  std::string text = name + ": " + words.front() + ": no such command, expected one of:";
  for (const CLI::App* const command : commands) {
    text += " " + command->get_name();
  }
  return text + "\n";
}

}  // namespace cli
