// Counters, gauges and histograms, and their Prometheus text. prometheus-cpp is behind this header
// and nowhere else.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace prometheus {
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace base {

using Labels = std::map<std::string, std::string>;

class Counter {
 public:
  explicit Counter(prometheus::Counter& inner) : inner_(inner) {}
  // Requires by >= 0.
  void add(double by = 1);
  double value() const;

 private:
  prometheus::Counter& inner_;
};

class Gauge {
 public:
  explicit Gauge(prometheus::Gauge& inner) : inner_(inner) {}
  void set(double value);
  void add(double by);  // may be negative
  double value() const;

 private:
  prometheus::Gauge& inner_;
};

class Histogram {
 public:
  explicit Histogram(prometheus::Histogram& inner) : inner_(inner) {}
  void observe(double value);

 private:
  prometheus::Histogram& inner_;
};

// Owns a program's metrics. References that it gives live as long as it does. Thread-safe, but
// meant to be made by main and passed down, never global.
//
// The same name and labels give the same metric. Names end in their unit (`_seconds`, `_bytes`),
// and counters in `_total`. A name keeps its first help text and, for histograms, its first bounds.
class Metrics {
 public:
  // Label sets under one name. What comes after shares one metric whose label values are all
  // "other", so a peer that chooses a label's value cannot fill the memory.
  static constexpr std::size_t kSeriesMax = 1000;

  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Requires a name of [a-zA-Z_:][a-zA-Z0-9_:]* that is not used for another kind.
  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  // `bounds`: upper bounds of the buckets, strictly ascending.
  Histogram& histogram(std::string_view name, std::string_view help,
                       const std::vector<double>& bounds, const Labels& labels = {});

  // Text exposition format 0.0.4. O(metrics).
  std::string text() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace base
