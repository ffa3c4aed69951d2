//! Letting go of root's rights once the interface is open: from there on only packets of strangers are handled.

#[cfg(unix)]
use nix::unistd::{Gid, Uid, User, getuid, setgid, setuid};

use crate::cli::Exit;

/// Who files are written as, where not as the one who started the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// The user's name.
    pub(super) name: String,
    /// Number of the user.
    pub(super) user: u32,
    /// Number of its group.
    pub(super) group: u32,
}

/// The account that root's rights are given up for: `nobody` unless another is named; none where there are no such
/// rights, or where they are to be kept.
#[cfg(unix)]
pub(super) fn account(named: Option<&str>) -> Result<Option<Account>, Exit> {
    if !getuid().is_root() {
        return match named {
            Some(_) => Err(Exit::CannotStart("--user is for root, whose rights are given up for it".to_owned())),
            None => Ok(None),
        };
    }
    let name = named.unwrap_or("nobody");
    let found = User::from_name(name).map_err(|e| Exit::CannotStart(format!("--user {name}: {e}")))?;
    let Some(user) = found else {
        return Err(Exit::CannotStart(format!("--user {name}: there is no such user; name one, or root to stay root")));
    };
    let account = Account { name: user.name, user: user.uid.as_raw(), group: user.gid.as_raw() };
    Ok((account.user != 0).then_some(account))
}

/// Becomes the account, for good.
#[cfg(unix)]
pub(super) fn become_user(account: &Account) -> Result<(), Exit> {
    let (user, group) = (Uid::from_raw(account.user), Gid::from_raw(account.group));
    let failed =
        |e: nix::Error| Exit::CannotStart(format!("root's rights cannot be given up for {}: {e}", account.name));
    #[cfg(not(target_vendor = "apple"))]
    nix::unistd::setgroups(&[group]).map_err(failed)?;
    setgid(group).map_err(failed)?;
    setuid(user).map_err(failed)?;
    match setuid(Uid::from_raw(0)) {
        Err(_) => Ok(()),
        Ok(()) => Err(Exit::CannotStart("root's rights came back after they were given up".to_owned())),
    }
}

/// Gives a folder that was made for the capture to the account.
#[cfg(unix)]
pub(super) fn give(folder: &std::path::Path, account: &Account) -> std::io::Result<()> {
    std::os::unix::fs::chown(folder, Some(account.user), Some(account.group))
}

/// There are no such rights here.
#[cfg(not(unix))]
pub(super) fn account(named: Option<&str>) -> Result<Option<Account>, Exit> {
    match named {
        Some(_) => Err(Exit::CannotStart("--user: this system has no root whose rights could be given up".to_owned())),
        None => Ok(None),
    }
}

#[cfg(not(unix))]
pub(super) fn become_user(_: &Account) -> Result<(), Exit> {
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn give(_: &std::path::Path, _: &Account) -> std::io::Result<()> {
    Ok(())
}
