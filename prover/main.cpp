// linkspan-prover: the Aleo coinbase puzzle (testnet 3, phase 2), as a prover and as a pool.
#include <array>
#include <cctype>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "gpu/msm/batch_sums.h"
#include "overlay/base/bytes.h"
#include "overlay/crypto/random.h"
#include "overlay/loop/files.h"
#include "overlay/loop/signals.h"
#include "prover/bench.h"
#include "prover/bench_cuda.h"
#include "prover/coinbase_file.h"
#include "prover/command.h"
#include "prover/prove.h"
#include "prover/selftest.h"

namespace prover {
namespace {

constexpr const char* kDescription =
    "linkspan-prover proves the Aleo coinbase puzzle of testnet 3, phase 2, bit for bit as the "
    "reference does.\n"
    "\n"
    "  linkspan-prover run --pool HOST:PORT --address aleo1...   prove for a pool\n"
    "  linkspan-prover pool --address aleo1... --data-dir DIR    be a pool\n"
    "  linkspan-prover bench                                     what this machine does\n"
    "  linkspan-prover selftest                                  whether it computes rightly\n"
    "\n"
    "Every command explains itself with --help.";

constexpr const char* kFooter =
    "Options are also read from the environment (--epoch-number is LINKSPAN_PROVER_EPOCH_NUMBER) "
    "and from --config FILE.\n"
    "Exit status: 0 done, 1 tried and failed, 2 wrong usage, 3 every GPU is lost or computes "
    "wrongly.";

struct ProveArguments {
  ProveOptions options;
  SrsOptions srs;
  std::string block_hash;
  std::string address;
  std::size_t coinbase = 0;  // nonces under one proof; 0: one nonce
  bool is_json = false;
};

base::Result<std::string> prove(ProveArguments arguments) {
  const auto hash = parse_block_hash_option(arguments.block_hash);
  if (!hash.ok()) {
    return hash.error().within("--epoch-block-hash");
  }
  const auto address = parse_address_option(arguments.address);
  if (!address.ok()) {
    return address.error().within("--address");
  }
  arguments.options.challenge.epoch_block_hash = hash.value();
  arguments.options.address = address.value();
  const auto reference = load_srs(arguments.srs, arguments.options.challenge.degree, BetaH::Unused);
  if (!reference.ok()) {
    return reference.error();
  }
  if (arguments.coinbase > 0) {
    return coinbase_json(reference.value().srs, arguments.options, arguments.coinbase);
  }
  return prove_json(reference.value().srs, arguments.options);
}

std::string lines_of(const std::string& json) {  // "field  value", one a line
  std::string out;
  std::size_t at = 0;
  while ((at = json.find('"', at)) != std::string::npos) {
    const std::size_t name_end = json.find('"', at + 1);
    const std::size_t value_end = json.find_first_of(",}", name_end);
    std::string name = json.substr(at + 1, name_end - at - 1);
    std::string value = json.substr(name_end + 2, value_end - name_end - 2);
    std::erase(value, '"');
    name.resize(std::max<std::size_t>(name.size(), 18), ' ');
    out += name + value + "\n";
    at = value_end;
  }
  return out;
}

constexpr unsigned kGpuBatchMax = 1U << 20;

// Whether the GPU was meant: by name, or as the best that there is.
bool bench_gpu(const EngineFlags& flags, const BenchOptions& options, CardOptions card,
               bool is_json, int& exit_code) {
  if (flags.engine != "cuda" && flags.engine != "auto") {
    return false;
  }
  if (const auto library = GpuLibrary::open(GpuLibrary::kName); !library.ok()) {
    if (flags.engine == "auto") {
      return false;
    }
    exit_code = fail(library.error().within("--engine cuda"), kExitFailed);
    return true;
  }
  card.degree_max = options.degree;
  const auto figures =
      run_cuda_bench({.card = card, .threads = options.engine.threads, .seconds = options.seconds});
  if (!figures.ok()) {
    const bool is_device = figures.error().code() == base::Errc::Device;
    exit_code = fail(figures.error(), is_device ? kExitDevice : kExitFailed);
    return true;
  }
  std::puts(
      (is_json ? cuda_bench_json(figures.value()) : cuda_bench_text(figures.value())).c_str());
  return true;
}

struct VerifyArguments {
  std::string path;
  std::string block_hash;
  CoinbaseContext coinbase;
  SrsOptions srs;
};

int verify_coinbase_file(VerifyArguments arguments, std::string_view text) {
  if (!arguments.block_hash.empty()) {
    const auto hash = parse_block_hash_option(arguments.block_hash);
    if (!hash.ok()) {
      return fail(hash.error().within("--epoch-block-hash"), kExitUsage);
    }
    arguments.coinbase.epoch_block_hash = hash.value();
  }
  const auto claim = parse_coinbase_file(text, arguments.coinbase);
  if (!claim.ok()) {
    return fail(claim.error().within(arguments.path), kExitFailed);
  }
  const auto reference = load_srs(arguments.srs, claim.value().challenge.degree, BetaH::IfThere);
  if (!reference.ok()) {
    return fail(reference.error(), kExitFailed);
  }
  const base::Status status = verify_coinbase(reference.value(), claim.value());
  const char* valid = reference.value().beta_h.has_value()
                          ? "valid, by pairing"
                          : "valid, by computing it again: no beta-h.usrs beside the powers";
  std::printf("coinbase of %zu: %s\n", claim.value().solution.partials.size(),
              status.ok() ? valid : status.error().text().c_str());
  return status.ok() ? 0 : kExitFailed;
}

int verify_file(const VerifyArguments& arguments) {
  const std::string& path = arguments.path;
  const auto file = loop::read_file(path, kClaimsFileBytesMax);
  if (!file.ok()) {
    return fail(file.error(), kExitFailed);
  }
  if (is_coinbase_file(file.value())) {
    return verify_coinbase_file(arguments, file.value());
  }
  const CoinbaseContext& context = arguments.coinbase;
  if (context.epoch_number || !arguments.block_hash.empty() || context.proof_target ||
      context.coinbase_target) {
    return fail(base::Error(base::Errc::Malformed,
                            path + ": no coinbase solution, to which alone an epoch and targets "
                                   "are given as options"),
                kExitUsage);
  }
  const auto claims = parse_claims(file.value());
  if (!claims.ok()) {
    return fail(claims.error().within(path), kExitFailed);
  }
  bool needs_pairing = false;
  for (const Claim& claim : claims.value()) {
    needs_pairing = needs_pairing || claim.has_proof;
  }
  const auto reference = load_srs(arguments.srs, claims.value().front().challenge.degree,
                                  needs_pairing ? BetaH::Required : BetaH::Unused);
  if (!reference.ok()) {
    return fail(reference.error(), kExitFailed);
  }
  std::size_t wrong = 0;
  for (const Claim& claim : claims.value()) {
    const base::Status status = verify_claim(reference.value(), claim);
    wrong += status.ok() ? std::size_t{0} : 1;
    std::printf("nonce %llu: %s\n", static_cast<unsigned long long>(claim.solution.partial.nonce),
                status.ok() ? "valid" : status.error().text().c_str());
  }
  return wrong == 0 ? 0 : kExitFailed;
}

}  // namespace

int fail(const base::Error& error, int code) {
  std::fprintf(stderr, "linkspan-prover: %s\n", error.text().c_str());
  return code;
}

CLI::Option* with_environment(CLI::Option* option) {
  std::string name = "LINKSPAN_PROVER_";
  for (const char c : option->get_lnames().front()) {
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return option->envname(name);
}

void add_engine_flags(CLI::App& command, EngineFlags& flags) {
  with_environment(
      command.add_option("--engine", flags.engine,
                         "auto, cuda, scalar, adx, fma or ifma; auto takes the GPUs, or "
                         "the best that this processor has where there are none"))
      ->type_name("NAME")
      ->capture_default_str();
  with_environment(
      command.add_option("--threads", flags.threads, "of this processor; 0: one a core"))
      ->type_name("N")
      ->check(CLI::Range(0U, kCpuThreadsMax))
      ->capture_default_str();
  with_environment(command.add_option("--batch", flags.batch,
                                      "nonces that a thread tries at once, a multiple of 8"))
      ->type_name("N")
      ->check(CLI::Range(gpu::BatchSums::kProofsStep, gpu::BatchSums::kProofsMax))
      ->capture_default_str();
}

void add_srs_flags(CLI::App& command, SrsOptions& options) {
  with_environment(command.add_option(
                       "--srs", options.powers,
                       "the published powers-of-beta-15.usrs, or \"toy\": a reference string made "
                       "here, for trials, worth nothing"))
      ->type_name("FILE")
      ->capture_default_str();
  with_environment(command.add_option("--beta-h", options.beta_h,
                                      "the published beta-h.usrs; default: beside --srs"))
      ->type_name("FILE");
}

void add_bench_command(CLI::App& app, int& exit_code) {
  struct Arguments {
    EngineFlags engine;
    BenchOptions bench;
    CardOptions card;
    bool is_json = false;
  };
  auto arguments = std::make_shared<Arguments>();  // kept by the callback
  CLI::App* command = app.add_subcommand("bench", "measure this processor, or the first GPU");
  add_engine_flags(*command, arguments->engine);
  with_environment(
      command->add_option("--seconds", arguments->bench.seconds, "how long proofs are computed"))
      ->check(CLI::Range(1U, 86'400U))
      ->capture_default_str();
  with_environment(command->add_option("--degree", arguments->bench.degree, "of the polynomials"))
      ->check(CLI::Range(1U, kDegreeMax))
      ->capture_default_str();
  with_environment(command->add_option("--gpu-batch", arguments->card.batch,
                                       "proofs that the GPU computes at once; 0: what fills it"))
      ->check(CLI::Range(0U, kGpuBatchMax))
      ->capture_default_str();
  with_environment(command->add_option("--gpu-windows", arguments->card.windows,
                                       "windows of the GPU's tables; 0: the fewest that its free "
                                       "memory allows"))
      ->check(CLI::Range(0U, gpu::WindowPlan::kWindowsMax))
      ->capture_default_str();
  command->add_flag("--json", arguments->is_json, "one JSON object");
  command->callback([arguments, &exit_code] {
    const auto engine = cpu_engine_options(arguments->engine);
    if (!engine.ok()) {
      exit_code = fail(engine.error(), kExitUsage);
      return;
    }
    arguments->bench.engine = engine.value();
    if (bench_gpu(arguments->engine, arguments->bench, arguments->card, arguments->is_json,
                  exit_code)) {
      return;
    }
    const auto figures = run_bench(arguments->bench);
    if (!figures.ok()) {
      exit_code = fail(figures.error(), kExitFailed);
      return;
    }
    std::puts((arguments->is_json ? bench_json(arguments->bench, figures.value())
                                  : bench_text(arguments->bench, figures.value()))
                  .c_str());
  });
}

void add_prove_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<ProveArguments>();  // kept by the callback
  CLI::App* command = app.add_subcommand("prove", "compute one proof and print it");
  EpochChallenge& challenge = arguments->options.challenge;
  command->add_option("--epoch-number", challenge.epoch_number, "number of the epoch")->required();
  command
      ->add_option("--epoch-block-hash", arguments->block_hash,
                   "hash of the block before the epoch: 64 hexadecimal digits or ab1...")
      ->required()
      ->type_name("HASH");
  command->add_option("--address", arguments->address, "64 hexadecimal digits or aleo1...")
      ->required()
      ->type_name("ADDRESS");
  command->add_option("--nonce", arguments->options.nonce, "the nonce")->required();
  command->add_option("--degree", challenge.degree, "of the polynomials")
      ->check(CLI::Range(1U, kDegreeMax))
      ->capture_default_str();
  add_srs_flags(*command, arguments->srs);
  CLI::Option* open = command->add_flag("--open", arguments->options.with_opening,
                                        "z, v and the opening proof too");
  command
      ->add_option("--coinbase", arguments->coinbase,
                   "this many nonces, from --nonce on, under one proof: a coinbase solution, "
                   "always as JSON")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, kCoinbaseJsonSolutionsMax))
      ->excludes(open);
  command->add_flag("--json", arguments->is_json, "one JSON object");
  command->callback([arguments, &exit_code] {
    const auto json = prove(*arguments);
    if (!json.ok()) {
      exit_code = fail(json.error(), kExitFailed);
      return;
    }
    const bool is_json = arguments->is_json || arguments->coinbase > 0;
    std::puts((is_json ? json.value() : lines_of(json.value())).c_str());
  });
}

void add_verify_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<VerifyArguments>();  // kept by the callback
  CLI::App* command = app.add_subcommand("verify", "check the proofs in a file");
  command
      ->add_option("FILE", arguments->path,
                   "what `prove --json` printed; or an object with the challenge, the address and "
                   "an array `solutions`; or a coinbase solution")
      ->required();
  CoinbaseContext& coinbase = arguments->coinbase;
  command->add_option("--epoch-number", coinbase.epoch_number, "of a coinbase solution");
  command
      ->add_option("--epoch-block-hash", arguments->block_hash,
                   "of a coinbase solution: 64 hexadecimal digits or ab1...")
      ->type_name("HASH");
  command->add_option("--proof-target", coinbase.proof_target,
                      "asked of each solution of a coinbase");
  command->add_option("--coinbase-target", coinbase.coinbase_target,
                      "asked of the sum of a coinbase's targets");
  add_srs_flags(*command, arguments->srs);
  command->footer(
      "With `proof` an entry is checked by pairings, without it by computing the commitment "
      "again.\n"
      "A coinbase solution is the reference's JSON, `partial_solutions` and `proof.w`. Its epoch "
      "and "
      "targets are given as options, or in the file beside these two as `epoch_number`, "
      "`epoch_block_hash`, `degree`, `proof_target` and `coinbase_target`; options win. It is "
      "checked by pairing, or where there is no beta-h.usrs by computing all of it again.\n"
      "Exit status: 0 all hold; 1 one does not, or could not be read; 2 wrong usage.");
  command->callback([arguments, &exit_code] { exit_code = verify_file(*arguments); });
}

void add_selftest_command(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("selftest", "check every way of computing against each other");
  command->callback([&exit_code] {
    const bool all = run_selftest([](const std::string& name, const std::string& why) {
      std::printf("%-6s %s%s%s\n", why.empty() ? "ok" : "WRONG", name.c_str(),
                  why.empty() ? "" : ": ", why.c_str());
    });
    exit_code = all ? 0 : kExitFailed;
  });
}

}  // namespace prover

int main(int argc, char** argv) {
  crypto::init();
  loop::ignore_broken_pipes();
  CLI::App app(prover::kDescription, "linkspan-prover");
  app.set_version_flag("--version", LINKSPAN_VERSION);
  app.require_subcommand(1);
  app.footer(prover::kFooter);
  app.set_config("--config", "", "read options from this file (TOML, a section for each command)");
  int exit_code = 0;
  prover::add_run_command(app, exit_code);
  prover::add_pool_command(app, exit_code);
  prover::add_bench_command(app, exit_code);
  prover::add_selftest_command(app, exit_code);
  prover::add_prove_command(app, exit_code);
  prover::add_verify_command(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : prover::kExitUsage;
  }
  return exit_code;
}
