//! Fields that carry one header.

/// Fields that carry one request header.
pub(in crate::access_log) const REQUEST_HEADERS: &[(&str, &str)] = &[
    ("user_agent", "User-Agent"),
    ("useragent", "User-Agent"),
    ("user_agent.original", "User-Agent"),
    ("http.user_agent", "User-Agent"),
    ("http.useragent", "User-Agent"),
    ("request.user_agent", "User-Agent"),
    ("httprequest.useragent", "User-Agent"),
    ("identity.useragent", "User-Agent"),
    ("agent", "User-Agent"),
    ("referer", "Referer"),
    ("referrer", "Referer"),
    ("http.request.referrer", "Referer"),
    ("http.referer", "Referer"),
    ("httprequest.referer", "Referer"),
    ("x_forwarded_for", "X-Forwarded-For"),
    ("forwarded_for", "X-Forwarded-For"),
    ("xff", "X-Forwarded-For"),
    ("authorization", "Authorization"),
    ("cookie", "Cookie"),
    ("x_api_key", "X-Api-Key"),
    ("idempotency_key", "Idempotency-Key"),
    ("idempotencykey", "Idempotency-Key"),
    ("request_content_type", "Content-Type"),
    ("properties.useragent", "User-Agent"),
    ("properties.referer", "Referer"),
];

/// Fields that carry one response header.
pub(in crate::access_log) const RESPONSE_HEADERS: &[(&str, &str)] = &[
    ("location", "Location"),
    ("resp_location", "Location"),
    ("response_location", "Location"),
    ("response.location", "Location"),
    ("redirect_location", "Location"),
    ("redirect_url", "Location"),
    ("upstream_http_location", "Location"),
    ("response_content_type", "Content-Type"),
    ("sc_content_type", "Content-Type"),
];
