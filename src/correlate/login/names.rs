//! Names and words by which logins and what they give out are told.

/// Words of paths, without what is no letter or digit.
pub(super) const LOGIN_WORDS: [&str; 33] = [
    "login",
    "signin",
    "logon",
    "session",
    "sessions",
    "usersession",
    "token",
    "tokens",
    "refresh",
    "auth",
    "authn",
    "authenticate",
    "authentication",
    "authorize",
    "oauth",
    "oauth2",
    "oidc",
    "sso",
    "saml",
    "saml2",
    "acs",
    "callback",
    "signup",
    "register",
    "registration",
    "mfa",
    "2fa",
    "otp",
    "totp",
    "passkey",
    "webauthn",
    "jsecuritycheck",
    "jspringsecuritycheck",
];
/// With what else such a word may begin or end: `doLogin`, `login_user`.
pub(super) const LOGIN_STEMS: [&str; 4] = ["login", "signin", "logon", "signup"];
/// Words of these that make an account.
pub(super) const SIGN_UPS: [&str; 3] = ["signup", "register", "registration"];
/// What the names of calls inside bodies hold.
pub(super) const LOGIN_CALLS: [&str; 13] = [
    "login",
    "logon",
    "signin",
    "signup",
    "register",
    "authenticate",
    "tokenauth",
    "tokencreate",
    "createtoken",
    "accesstoken",
    "refreshtoken",
    "createsession",
    "sessioncreate",
];
pub(super) const LOGOUT_WORDS: [&str; 6] = ["logout", "signout", "signoff", "logoff", "endsession", "logoutcallback"];
/// Words that end a session or token under a word that says that it is one: coupons are revoked as well.
pub(super) const REVOCATIONS: [&str; 2] = ["revoke", "revocation"];
pub(super) const REVOKED: [&str; 8] = ["oauth", "oauth2", "oidc", "connect", "token", "tokens", "session", "sessions"];
/// Ends of names of pages: `/login.php`.
pub(super) const EXTENSIONS: [&str; 12] =
    ["php", "asp", "aspx", "ashx", "jsp", "jspx", "jsf", "do", "action", "cgi", "json", "html"];
pub(super) const PASSWORDS: [&str; 7] = ["password", "passwd", "pwd", "pass", "pin", "passphrase", "passcode"];
pub(super) const PROOFS: [&str; 13] = [
    "password",
    "passphrase",
    "passwd",
    "pwd",
    "pass",
    "otp",
    "grant_type",
    "grantType",
    "code",
    "pin",
    "assertion",
    "passcode",
    "SAMLResponse",
];
pub(super) const NAMES: [&str; 9] =
    ["username", "user_name", "login", "email", "user", "userId", "user_id", "log", "j_username"];
pub(super) const TOKENS: [&str; 13] = [
    "access_token",
    "accessToken",
    "token",
    "refresh_token",
    "refreshToken",
    "session_token",
    "sessionToken",
    "jwt",
    "auth_token",
    "authToken",
    "id_token",
    "idToken",
    "sessionId",
];
/// Tokens of a login that is not over yet, by which its next step goes on.
pub(super) const HALF_TOKENS: [&str; 11] = [
    "mfa_token",
    "mfaToken",
    "challenge_token",
    "challengeToken",
    "state_token",
    "stateToken",
    "login_token",
    "loginToken",
    "two_factor_token",
    "twoFactorToken",
    "session",
];
/// What a request exchanges for something new, beside half tokens.
pub(super) const OLD_TOKENS: [&str; 6] =
    ["refresh_token", "refreshToken", "subject_token", "code", "device_code", "auth_req_id"];
/// How a body calls a refresh token.
pub(super) const REFRESH: [&[u8]; 2] = [b"refresh_token", b"refreshToken"];
/// Longest body that is searched for one.
pub(super) const MOST_RENEWAL: usize = 8 << 10;
/// How words of paths begin at which tokens are renewed.
pub(super) const RENEWALS: [&str; 2] = ["refresh", "renew"];
/// Headers of answers that hold a new token.
pub(super) const TOKEN_HEADERS: [&str; 6] =
    ["authorization", "x-auth-token", "x-access-token", "x-session-token", "x-subject-token", "set-authorization"];
pub(super) const ID_TOKENS: [&str; 6] = ["id_token", "idToken", "access_token", "accessToken", "token", "jwt"];
pub(super) const USER_PATHS: [&str; 9] =
    ["user.id", "user.userId", "userId", "user_id", "user.sub", "sub", "user.username", "username", "user.name"];
pub(super) const WEAK_USER_PATHS: [&str; 3] = ["id", "user.email", "email"];
/// Objects in which requests and responses wrap their content.
pub(super) const WRAPPERS: [&str; 7] = ["", "data.", "result.", "user.", "credentials.", "input.", "tokens."];
/// What an answer says of how it went.
pub(super) const ENDS: [&str; 11] = [
    "success",
    "ok",
    "authenticated",
    "valid",
    "loggedIn",
    "logged_in",
    "error",
    "errors",
    "status",
    "result",
    "mfa_required",
];
/// Of these the ones that are true or not.
pub(super) const TRUTHS: [&str; 6] = ["success", "ok", "authenticated", "valid", "loggedIn", "logged_in"];
/// Where an answer has a status of HTTP's in its body.
pub(super) const CODES: [&str; 4] = ["code", "status", "statusCode", "status_code"];
/// Where an answer says in words how it went.
pub(super) const MESSAGES: [&str; 6] = ["message", "msg", "detail", "reason", "description", "info"];

/// Names of roles in the answer to a login.
pub(super) const ROLES: [&str; 6] = ["roles", "role", "authorities", "groups", "permissions", "scope"];
