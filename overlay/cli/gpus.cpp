#include "overlay/cli/gpus.h"

#include <memory>
#include <string>

#include "overlay/cli/gpus_text.h"
#include "overlay/cli/output.h"

namespace cli {
namespace {

struct GpusFlags {
  bool is_json = false;
};

GpuCards read_cards() {
  const auto inventory = gpu::Inventory::open();
  if (!inventory.ok()) {
    return {.driver = {}, .cards = {}, .why = inventory.error().text()};
  }
  GpuCards read{.driver = inventory.value().driver(), .cards = {}, .why = {}};
  const auto& devices = inventory.value().devices();
  for (std::size_t i = 0; i < devices.size(); ++i) {
    read.cards.push_back({.facts = devices[i], .reading = inventory.value().read(i)});
  }
  if (read.cards.empty()) {
    read.why = "no GPU: driver " + read.driver + " shows none";
  }
  return read;
}

int run_gpus(const GpusFlags& flags) {
  const GpuCards read = read_cards();
  print_part(flags.is_json ? format_gpus_json(read) : format_gpus(read));
  return kExitOk;
}

}  // namespace

void add_gpus_command(CLI::App& app, Context& context) {
  auto* const command =
      app.add_subcommand("gpus", "Show the GPUs of this server, as their driver shows them");
  auto flags = std::make_shared<GpusFlags>();  // owned by the callback, as long as the app
  command->add_flag("--json", flags->is_json, "Print JSON");
  command->footer(
      "A line for each GPU: model, memory, how much of it is used, temperature, power and the\n"
      "driver's version. \"-\" is what this GPU does not tell. Asks the library of NVIDIA's "
      "driver,\n"
      "libnvidia-ml.so.1, and needs neither root nor a joined server; where that driver is not\n"
      "kept loaded this takes seconds. Without a GPU or without the driver one sentence says why,\n"
      "which is no error.\n"
      "\n"
      "JSON\n"
      "  driver    its version; \"\" without one\n"
      "  devices   the same GPUs by model and memory, as the coordinator shows them:\n"
      "            model, count, memory_bytes\n"
      "  cards     each GPU: model, uuid, memory_bytes, memory_used_bytes, temperature_c,\n"
      "            power_w; null for what it does not tell\n"
      "  why       the sentence, where there is none; else \"\"\n"
      "\n"
      "The agent runs this at its start and every hour, so that 'linkspan node show' has it.\n"
      "\n"
      "EXAMPLES\n"
      "  linkspan gpus\n"
      "  linkspan gpus --json | jq '[.devices[].count] | add'\n"
      "\n"
      "Exit status: 0 printed, with or without GPUs; 2 wrong usage.");
  command->callback([flags, &context] { context.exit_code = run_gpus(*flags); });
}

}  // namespace cli
