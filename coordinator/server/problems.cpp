#include "coordinator/server/problems.h"

#include <utility>

#include "overlay/model/problem.h"

namespace coordinator {
namespace {

struct Kind {
  std::string_view type;
  std::string_view title;
};

Kind kind_of(int status) {
  switch (status) {
    case 400:
      return {"malformed", "The request does not read as it should"};
    case 401:
      return {"unauthenticated", "Who asks is not known"};
    case 403:
      return {"forbidden", "Who asks may not do this"};
    case 404:
      return {"not-found", "There is no such thing"};
    case 405:
      return {"method-not-allowed", "This cannot be done here"};
    case 409:
      return {"conflict", "The state does not allow it"};
    case 413:
      return {"too-large", "The request is too large"};
    case 503:
      return {"unavailable", "Try again later"};
    default:
      return {"internal", "Something went wrong here"};
  }
}

}  // namespace

int status_of(base::Errc code) {
  switch (code) {
    case base::Errc::Malformed:
    case base::Errc::Truncated:
      return 400;
    case base::Errc::Unauthenticated:
      return 401;
    case base::Errc::NotFound:
      return 404;
    case base::Errc::Conflict:
    case base::Errc::LimitExceeded:
      return 409;
    case base::Errc::Unavailable:
      return 503;
    case base::Errc::Device:
      return 500;
  }
  return 500;
}

Response problem(ProblemText text) {
  const Kind kind = kind_of(text.status);
  model::Problem document;
  document.status = text.status;
  document.type = "urn:linkspan:problem:" + std::string(kind.type);
  document.title = kind.title;
  document.detail = std::move(text.detail);
  if (!text.field.empty()) {
    document.field = std::move(text.field);
  }
  if (!text.value.empty()) {
    document.value = std::move(text.value);
  }
  Response response;
  response.status = text.status;
  response.headers["content-type"] = model::kProblemMediaType;
  if (text.status == 503) {
    response.headers["retry-after"] = "2";
  }
  if (text.status == 401) {
    response.headers["www-authenticate"] = "Bearer";  // RFC 9110, 11.6.1
  }
  response.body = encode(document);
  return response;
}

Response problem_of(const base::Error& error) {
  return problem({.status = status_of(error.code()), .detail = error.text()});
}

Response problem_of(const base::Error& error, const model::FieldFailure& failure) {
  // A decoder's limit is the request's fault, not the state's.
  const int status = error.code() == base::Errc::LimitExceeded ? 413 : status_of(error.code());
  return problem(
      {.status = status, .detail = error.text(), .field = failure.field, .value = failure.value});
}

Response problem_of(const Refusal& refusal) {
  return problem({.status = status_of(refusal.code),
                  .detail = refusal.text,
                  .field = refusal.field,
                  .value = refusal.value});
}

Response json_response(int status, std::string body) {
  Response response;
  response.status = status;
  response.headers["content-type"] = "application/json";
  response.headers["cache-control"] = "no-store";
  response.body = std::move(body);
  return response;
}

}  // namespace coordinator
