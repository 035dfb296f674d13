#include "mirror/proxy/request_parser.h"

#include <algorithm>
#include <utility>

#include <llhttp/llhttp.h>

#include "overlay/base/check.h"

namespace mirror {

struct RequestParser::Impl {
  llhttp_t parser{};
  llhttp_settings_t settings{};
  RequestHead head;
  std::size_t header_bytes = 0;
  bool is_value_next = false;  // the latest header piece was a name
  bool is_complete = false;
  bool is_inside = false;
  bool has_failed = false;
  std::string limit;  // which one was met

  static Impl& of(llhttp_t* parser) { return *static_cast<Impl*>(parser->data); }

  int refuse(std::string what) {
    limit = std::move(what);
    return HPE_USER;
  }

  int take_target(std::string_view piece) {
    head.target.append(piece);
    return head.target.size() > kTargetBytesMax ? refuse("target over 4096 bytes") : HPE_OK;
  }

  int take_header(std::string_view piece, bool is_name) {
    header_bytes += piece.size();
    if (header_bytes > kHeaderBytesMax) {
      return refuse("headers over 16384 bytes");
    }
    if (is_name && (head.headers.empty() || is_value_next)) {
      if (head.headers.size() == kHeadersMax) {
        return refuse("more than 64 headers");
      }
      head.headers.emplace_back();
    }
    is_value_next = !is_name;
    if (head.headers.empty()) {
      return refuse("a header value without a name");
    }
    (is_name ? head.headers.back().first : head.headers.back().second).append(piece);
    return HPE_OK;
  }

  int finish_headers() {
    for (auto& [name, value] : head.headers) {
      std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      });
    }
    head.method = llhttp_method_name(static_cast<llhttp_method_t>(parser.method));
    head.is_keep_alive = llhttp_should_keep_alive(&parser) != 0;
    const bool has_length = (parser.flags & F_CONTENT_LENGTH) != 0 && parser.content_length > 0;
    head.has_body = has_length || (parser.flags & F_CHUNKED) != 0;
    if (parser.upgrade != 0) {
      return refuse("upgrade");  // llhttp reports it as HPE_CB_HEADERS_COMPLETE
    }
    is_complete = true;
    // A body is never read: the server refuses the request and closes.
    return HPE_OK;
  }
};

namespace {

std::string_view piece_of(const char* at, std::size_t size) {
  return {at, size};
}

}  // namespace

const std::string* RequestHead::find(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const auto& header) { return header.first == name; });
  return found == headers.end() ? nullptr : &found->second;
}

RequestParser::RequestParser() : impl_(std::make_unique<Impl>()) {
  llhttp_settings_init(&impl_->settings);
  impl_->settings.on_message_begin = [](llhttp_t* parser) noexcept -> int {
    Impl& impl = Impl::of(parser);
    impl.head = {};
    impl.header_bytes = 0;
    impl.is_value_next = true;
    impl.is_inside = true;
    return HPE_OK;
  };
  impl_->settings.on_url = [](llhttp_t* parser, const char* at, std::size_t size) noexcept -> int {
    return Impl::of(parser).take_target(piece_of(at, size));
  };
  impl_->settings.on_header_field = [](llhttp_t* parser, const char* at,
                                       std::size_t size) noexcept -> int {
    return Impl::of(parser).take_header(piece_of(at, size), true);
  };
  impl_->settings.on_header_value = [](llhttp_t* parser, const char* at,
                                       std::size_t size) noexcept -> int {
    return Impl::of(parser).take_header(piece_of(at, size), false);
  };
  // An empty value gives no on_header_value, so that the next name would be joined to this one.
  impl_->settings.on_header_value_complete = [](llhttp_t* parser) noexcept -> int {
    Impl::of(parser).is_value_next = true;
    return HPE_OK;
  };
  impl_->settings.on_headers_complete = [](llhttp_t* parser) noexcept -> int {
    return Impl::of(parser).finish_headers();
  };
  impl_->settings.on_body = [](llhttp_t*, const char*, std::size_t) noexcept -> int {
    return HPE_PAUSED;
  };
  impl_->settings.on_message_complete = [](llhttp_t*) noexcept -> int { return HPE_PAUSED; };
  llhttp_init(&impl_->parser, HTTP_REQUEST, &impl_->settings);
  impl_->parser.data = impl_.get();
}

RequestParser::~RequestParser() = default;

base::Result<std::size_t> RequestParser::feed(std::span<const std::uint8_t> bytes) {
  CHECK(!impl_->is_complete);
  if (impl_->has_failed) {
    return base::Error(base::Errc::Malformed, "request: after an error");
  }
  if (bytes.empty()) {
    return std::size_t{0};
  }
  const auto* const data = reinterpret_cast<const char*>(bytes.data());
  llhttp_t& parser = impl_->parser;
  if (llhttp_get_errno(&parser) == HPE_PAUSED) {
    llhttp_resume(&parser);
  }
  const llhttp_errno_t code = llhttp_execute(&parser, data, bytes.size());
  if (impl_->is_complete && impl_->head.has_body) {
    return bytes.size();  // what follows is the body; the connection ends with the answer
  }
  if (code == HPE_OK) {
    return bytes.size();
  }
  if (code == HPE_PAUSED && impl_->is_complete) {
    return static_cast<std::size_t>(llhttp_get_error_pos(&parser) - data);
  }
  impl_->has_failed = true;
  impl_->is_complete = false;
  if (code == HPE_USER) {
    return base::Error(base::Errc::LimitExceeded, "request: " + impl_->limit);
  }
  if (code == HPE_CB_HEADERS_COMPLETE) {
    return base::Error(base::Errc::Malformed, "request: " + impl_->limit);
  }
  const char* const reason = llhttp_get_error_reason(&parser);
  return base::Error(base::Errc::Malformed,
                     std::string("request: ") + (reason != nullptr ? reason : "not understood"));
}

std::optional<RequestHead> RequestParser::next() {
  if (!impl_->is_complete) {
    return std::nullopt;
  }
  impl_->is_complete = false;
  impl_->is_inside = false;
  return std::move(impl_->head);
}

bool RequestParser::is_inside() const {
  return impl_->is_inside;
}

}  // namespace mirror
