// One request as libcurl sees it: the options of its easy handle, and what its end means. Private
// to the HTTP client.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <curl/curl.h>

#include "overlay/base/result.h"
#include "overlay/loop/http_client.h"
#include "overlay/loop/timer.h"

namespace loop {

struct FreeEasy {
  void operator()(CURL* easy) const noexcept { curl_easy_cleanup(easy); }
};
struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

struct HttpTransfer {
  HttpTransfer(HttpClientCore& owner, std::uint64_t number, HttpRequest asked)
      : core(owner), id(number), request(std::move(asked)) {}

  HttpClientCore& core;
  std::uint64_t id = 0;
  HttpRequest request;
  std::string where;  // "https://host:port/path", in front of every error

  HttpStreamCallbacks callbacks;                                // of stream()
  std::function<void(base::Result<HttpResponse>)> on_response;  // of send()

  std::unique_ptr<curl_slist, FreeList> headers;
  std::unique_ptr<curl_slist, FreeList> connect_to;
  std::unique_ptr<CURL, FreeEasy> easy;  // declared after the lists that it borrows
  std::array<char, CURL_ERROR_SIZE> error_text{};
  std::unique_ptr<Timer> idle_timer;
  base::TimePoint active_at{};  // when a byte last came
  curl_off_t sent_bytes = 0;    // seen by the idle timer

  HttpResponse response;
  std::size_t head_bytes = 0;
  bool is_added = false;  // to the multi handle
  bool is_head_given = false;
  bool is_cancelled = false;
  bool is_paused = false;
  std::optional<base::Error> failure;  // ours, without `where`; goes before libcurl's

  bool is_whole() const { return on_response != nullptr; }
};

// Reads the URL and fills `where`. Errors: Malformed, without `where`.
base::Status check_request(HttpTransfer& transfer);

// Makes the easy handle. Requires check_request() to have passed. Errors: Malformed.
base::Status configure_transfer(HttpTransfer& transfer, const std::string& user_agent);

// What a finished transfer means: ok, or an error with `where` in front.
base::Status transfer_status(const HttpTransfer& transfer, CURLcode code);

// Takes one header line as libcurl gives it. True when the head of the final answer is complete.
// Errors: LimitExceeded above header_bytes_max.
base::Result<bool> take_header_line(HttpTransfer& transfer, std::string_view line);

}  // namespace loop
