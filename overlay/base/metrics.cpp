#include "overlay/base/metrics.h"

#include <prometheus/check_names.h>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "overlay/base/check.h"

namespace base {
namespace {

// One name of one kind: the library's family, and our metrics by label set.
template <typename Outer, typename Inner>
struct Series {
  prometheus::Family<Inner>* family = nullptr;
  std::vector<double> bounds;         // histograms only
  std::map<Labels, Outer> by_labels;  // a map, so references hold
};

template <typename Outer, typename Inner>
using ByName = std::map<std::string, Series<Outer, Inner>, std::less<>>;

Labels bounded(const Labels& labels, std::size_t series_count) {
  if (series_count < Metrics::kSeriesMax) {
    return labels;
  }
  Labels other = labels;
  for (auto& [name, value] : other) {
    value = "other";
  }
  return other;
}

void check_labels(const Labels& labels) {
  for (const auto& [name, value] : labels) {
    CHECK(prometheus::CheckLabelName(name));
  }
}

}  // namespace

void Counter::add(double by) {
  CHECK(by >= 0);
  inner_.Increment(by);
}
double Counter::value() const {
  return inner_.Value();
}

void Gauge::set(double value) {
  inner_.Set(value);
}
void Gauge::add(double by) {
  inner_.Increment(by);
}
double Gauge::value() const {
  return inner_.Value();
}

void Histogram::observe(double value) {
  inner_.Observe(value);
}

struct Metrics::Impl {
  prometheus::Registry registry;
  ByName<Counter, prometheus::Counter> counters;
  ByName<Gauge, prometheus::Gauge> gauges;
  ByName<Histogram, prometheus::Histogram> histograms;

  bool is_free(std::string_view name) const {
    return counters.find(name) == counters.end() && gauges.find(name) == gauges.end() &&
           histograms.find(name) == histograms.end();
  }

  // The series of `name`, made by `build` at its first use.
  template <typename Outer, typename Inner, typename Builder>
  Series<Outer, Inner>& series(ByName<Outer, Inner>& all, Builder builder, std::string_view name,
                               std::string_view help) {
    const auto found = all.find(name);
    if (found != all.end()) {
      return found->second;
    }
    CHECK(prometheus::CheckMetricName(std::string(name)) && is_free(name));
    auto& family = builder.Name(std::string(name)).Help(std::string(help)).Register(registry);
    auto& made = all[std::string(name)];
    made.family = &family;
    return made;
  }
};

namespace {

template <typename Outer, typename Inner, typename... Arguments>
Outer& metric(Series<Outer, Inner>& series, const Labels& labels, const Arguments&... arguments) {
  if (const auto found = series.by_labels.find(labels); found != series.by_labels.end()) {
    return found->second;
  }
  check_labels(labels);
  const Labels wanted = bounded(labels, series.by_labels.size());
  if (const auto found = series.by_labels.find(wanted); found != series.by_labels.end()) {
    return found->second;
  }
  Inner& inner = series.family->Add(wanted, arguments...);
  return series.by_labels.emplace(wanted, Outer(inner)).first->second;
}

}  // namespace

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  return metric(impl_->series(impl_->counters, prometheus::BuildCounter(), name, help), labels);
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  return metric(impl_->series(impl_->gauges, prometheus::BuildGauge(), name, help), labels);
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help,
                              const std::vector<double>& bounds, const Labels& labels) {
  auto& series = impl_->series(impl_->histograms, prometheus::BuildHistogram(), name, help);
  if (series.bounds.empty()) {
    series.bounds = bounds;
  }
  return metric(series, labels, series.bounds);
}

std::string Metrics::text() const {
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace base
