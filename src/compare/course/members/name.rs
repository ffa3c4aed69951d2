//! What names of members say: rights and money, which a server keeps to itself, what is told to few, and on what a decision
//! hangs.

/// Names of what a server decides and a client has no say in, without what is no letter or digit, in lower case.
const KEPT: [&str; 59] = [
    "accountbalance",
    "accountid",
    "accountstatus",
    "accounttype",
    "admin",
    "approved",
    "approvedby",
    "authorities",
    "balance",
    "createdby",
    "credit",
    "creditlimit",
    "credits",
    "discount",
    "emailverified",
    "entitlements",
    "grade",
    "groups",
    "internal",
    "isactive",
    "isadmin",
    "isadministrator",
    "isapproved",
    "isblocked",
    "isemailverified",
    "isinternal",
    "isowner",
    "ispaid",
    "ispremium",
    "isroot",
    "isstaff",
    "issuperuser",
    "isverified",
    "kycstatus",
    "limit",
    "membership",
    "orgid",
    "organizationid",
    "owner",
    "ownerid",
    "paid",
    "paymentstatus",
    "permissions",
    "plan",
    "price",
    "privileges",
    "quota",
    "rights",
    "role",
    "roleid",
    "roles",
    "scopes",
    "staff",
    "superuser",
    "tenantid",
    "tier",
    "userrole",
    "usertype",
    "verified",
];

/// Names of what is told to few, likewise.
const GUARDED: [&str; 30] = [
    "bankaccount",
    "bankaccountnumber",
    "cardnumber",
    "costprice",
    "creditscore",
    "cvc",
    "cvv",
    "diagnosis",
    "hashedpassword",
    "iban",
    "internalcomment",
    "internalnote",
    "internalnotes",
    "margin",
    "mfasecret",
    "nationalid",
    "otpsecret",
    "passwordhash",
    "passwordsalt",
    "passportnumber",
    "purchaseprice",
    "pwdhash",
    "riskscore",
    "salary",
    "securityanswer",
    "socialsecuritynumber",
    "ssn",
    "taxid",
    "totpsecret",
    "twofactorsecret",
];

/// Names of what a server's decision hangs on, likewise.
const ASKED: [&str; 23] = [
    "approval",
    "approvalid",
    "approvaltoken",
    "approvedby",
    "approver",
    "approverid",
    "authorizationid",
    "consent",
    "consentid",
    "costcenter",
    "expiresat",
    "expiry",
    "expirydate",
    "maxamount",
    "mfacode",
    "mfatoken",
    "otp",
    "owner",
    "ownerid",
    "signature",
    "spendinglimit",
    "tenantid",
    "validuntil",
];

/// The last name of a path.
pub(super) fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// Whether a path ends with the name of what a server decides.
pub(super) fn is_kept(path: &str) -> bool {
    listed(&KEPT, path)
}

/// Whether a path ends with the name of what is told to few.
pub(super) fn is_guarded(path: &str) -> bool {
    listed(&GUARDED, path)
}

/// Whether a path ends with the name of what a decision hangs on.
pub(super) fn is_asked(path: &str) -> bool {
    listed(&ASKED, path)
}

fn listed(names: &[&str], path: &str) -> bool {
    let bare: String = last(path).chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    names.contains(&bare.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_however_they_are_written() {
        for path in ["role", "user.is_admin", "isAdmin", "profile.account-balance"] {
            assert!(is_kept(path), "{path}");
        }
        for path in ["controller", "roleplay", "user.name", "admin.name"] {
            assert!(!is_kept(path), "{path}");
        }
        assert!(is_guarded("customer.passwordHash") && !is_guarded("password"));
    }
}
