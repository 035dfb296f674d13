#include "tests/support/wan/command.h"

#include <charconv>
#include <cmath>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

namespace wan {
namespace {

using base::Errc;
using base::Error;
using base::Result;

constexpr std::size_t kWordsMax = 8;

std::vector<std::string_view> split(std::string_view line) {
  std::vector<std::string_view> words;
  while (words.size() <= kWordsMax) {
    const std::size_t begin = line.find_first_not_of(" \n");
    if (begin == std::string_view::npos) {
      break;
    }
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find_first_of(" \n"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return words;
}

Error malformed(std::string text) {
  return Error(Errc::Malformed, std::move(text));
}

struct Setting {
  std::string_view name;
  double max = 0;
};

// The number in NAME=NUMBER, within 0..max.
Result<double> number(std::string_view word, const Setting& setting) {
  const std::string_view text = word.substr(setting.name.size() + 1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0) ||
      value > setting.max) {
    return malformed(std::string(setting.name) + ": \"" + std::string(text.substr(0, 32)) +
                     "\", expected a number in 0.." + std::to_string(std::llround(setting.max)));
  }
  return value;
}

base::Duration milliseconds(double value) {
  return base::Duration(std::llround(value * 1e6));
}

Result<Path> parse_path(std::span<const std::string_view> words, bool is_cut) {
  constexpr Setting kRtt{.name = "rtt_ms", .max = 10'000};
  constexpr Setting kJitter{.name = "jitter_ms", .max = 1'000};
  constexpr Setting kLoss{.name = "loss_percent", .max = 100};
  constexpr Setting kRate{.name = "rate_mbit", .max = 100'000};
  Path path{.is_cut = is_cut};
  for (const std::string_view word : words) {
    const std::string_view name = word.substr(0, word.find('='));
    const Setting* found = nullptr;
    for (const Setting* setting : {&kRtt, &kJitter, &kLoss, &kRate}) {
      if (setting->name == name && name.size() < word.size()) {
        found = setting;
      }
    }
    if (found == nullptr) {
      return malformed("\"" + std::string(word.substr(0, 32)) +
                       "\", expected rtt_ms=, jitter_ms=, loss_percent= or rate_mbit=");
    }
    const Result<double> value = number(word, *found);
    if (!value.ok()) {
      return value.error();
    }
    if (found == &kRtt) {
      path.delay = milliseconds(value.value() / 2);
    } else if (found == &kJitter) {
      path.jitter = milliseconds(value.value());
    } else if (found == &kLoss) {
      path.loss_ppm = static_cast<std::uint32_t>(std::llround(value.value() * 1e4));
    } else {
      path.rate_bit_s = static_cast<std::uint64_t>(std::llround(value.value() * 1e6));
    }
  }
  return path;
}

nlohmann::json show_pair(const Network& network, std::size_t from, std::size_t to) {
  const Path& path = network.path(from, to);
  const PairCounters counters = network.counters(from, to);
  nlohmann::json kinds = nlohmann::json::object();
  for (std::size_t kind = 0; kind < kFrameKinds; ++kind) {
    kinds[std::string(name_of(static_cast<FrameKind>(kind)))] = {
        {"frames", counters.kinds[kind].frames}, {"bytes", counters.kinds[kind].bytes}};
  }
  const auto to_ms = [](base::Duration span) { return static_cast<double>(span.count()) / 1e6; };
  return {{"from", network.names()[from]},
          {"to", network.names()[to]},
          {"one_way_ms", to_ms(path.delay)},
          {"jitter_ms", to_ms(path.jitter)},
          {"loss_percent", path.loss_ppm / 1e4},
          {"rate_mbit", static_cast<double>(path.rate_bit_s) / 1e6},
          {"cut", path.is_cut},
          {"frames", counters.link.frames},
          {"bytes", counters.link.bytes},
          {"lost_frames", counters.link.lost_frames},
          {"refused_frames", counters.link.refused_frames},
          {"cut_frames", counters.link.cut_frames},
          {"kinds", std::move(kinds)},
          {"services", counters.services}};
}

std::string show(const Network& network) {
  nlohmann::json pairs = nlohmann::json::array();
  for (std::size_t from = 0; from < network.names().size(); ++from) {
    for (std::size_t to = 0; to < network.names().size(); ++to) {
      if (from != to) {
        pairs.push_back(show_pair(network, from, to));
      }
    }
  }
  return nlohmann::json{{"pairs", std::move(pairs)}}.dump();
}

}  // namespace

Result<std::string> run_command(Network& network, std::string_view line) {
  const std::vector<std::string_view> words = split(line);
  const std::string_view verb = words.empty() ? std::string_view() : words[0];
  if (verb == "show" && words.size() == 1) {
    return show(network);
  }
  const bool is_set = verb == "set";
  if ((!is_set && verb != "cut" && verb != "heal") || words.size() > kWordsMax ||
      (is_set ? words.size() < 4 : words.size() != 3)) {
    return malformed("\"" + std::string(line.substr(0, 64)) +
                     "\", expected set A B NAME=NUMBER..., cut A B, heal A B or show");
  }
  const Result<std::size_t> a = network.port(words[1]);
  const Result<std::size_t> b = network.port(words[2]);
  if (!a.ok() || !b.ok()) {
    return a.ok() ? b.error() : a.error();
  }
  if (a.value() == b.value()) {
    return malformed("place \"" + std::string(words[2]) + "\" twice, expected two places");
  }
  const std::span<const std::string_view> settings = std::span(words).subspan(3);
  for (const auto& [from, to] :
       {std::pair(a.value(), b.value()), std::pair(b.value(), a.value())}) {
    Path path = network.path(from, to);
    if (is_set) {
      const Result<Path> parsed = parse_path(settings, path.is_cut);
      if (!parsed.ok()) {
        return parsed.error();
      }
      path = parsed.value();
    } else {
      path.is_cut = verb == "cut";
    }
    network.set_path(from, to, path);
  }
  return std::string("{}");
}

}  // namespace wan
