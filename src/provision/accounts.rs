//! Accounts of a builder: the temporary one that hornero works with, and what cloud-init leaves to be done
//! for the users of a template.

use serde_json::{Value, json};

use super::{BUILDER_ACCOUNT, ProvisionError, render::render};
use crate::{
    quote::{sudo_rule, yaml_value},
    template::model::{Group, User},
};

pub use crate::template::reserved::BUILDER_HOME;

/// The first uid and gid that is tried for the temporary account: distributions and systemd use none of 65520
/// to 65533 (systemd's "Users, Groups, UIDs and GIDs on systemd systems"), and useradd none above `UID_MAX`.
const FIRST_NUMBER: u32 = 65_520;

const BUILDER: &str = include_str!("../../cloud-init/account.sh");
const USERS: &str = include_str!("../../cloud-init/accounts.sh.j2");

/// Makes the temporary account, if it is not there. It never ends the script that it is a part of.
pub fn builder_script() -> String {
    format!(
        "account={BUILDER_ACCOUNT}\nhome={BUILDER_HOME}\nfirst_number={FIRST_NUMBER}\n\
         description='temporary account of hornero'\n{BUILDER}"
    )
}

/// Groups of a user that are made before the users are, and those that come with another user of the template:
/// made ahead, such a group would stand in the way of its own user.
fn groups_of<'u>(user: &'u User, users: &[User]) -> (Vec<&'u str>, Vec<&'u str>) {
    let names = user.groups.iter().map(String::as_str);
    names.partition(|group| *group == user.name || !users.iter().any(|other| other.name == *group))
}

/// The user and the group of every membership in the private group of another user.
pub fn late_memberships(users: &[User]) -> Vec<[&str; 2]> {
    users
        .iter()
        .flat_map(|user| groups_of(user, users).1.into_iter().map(|group| [user.name.as_str(), group]))
        .collect()
}

/// A user of the template in cloud-init's words.
///
/// # Errors
/// When the rule for sudo cannot stand in sudo's file.
pub fn user_entry(user: &User, users: &[User]) -> Result<Value, ProvisionError> {
    let (groups, _) = groups_of(user, users);
    let mut entry = json!({
        "name": user.name,
        "lock_passwd": true,
        "shell": user.shell.as_deref().unwrap_or("/bin/bash"),
    });
    let optional = [
        ("uid", user.uid.map(Value::from)),
        ("homedir", user.home.as_deref().map(Value::from)),
        ("groups", (!groups.is_empty()).then(|| json!(groups))),
        ("sudo", user.sudo.as_deref().map(sudo_rule).transpose()?.map(Value::from)),
        ("ssh_authorized_keys", (!user.ssh_keys.is_empty()).then(|| json!(user.ssh_keys))),
    ];
    optional.into_iter().for_each(|(key, value)| {
        if let Some(value) = value {
            entry[key] = value;
        }
    });
    Ok(entry)
}

/// Makes the base's login user before the users of the template and before its groups that ask for no number, and
/// holds accounts that the base has already to what the template says of them. `None` when there is nothing to do.
///
/// # Errors
/// When a value cannot be written into a shell script.
pub fn users_script(users: &[User], groups: &[Group]) -> Result<Option<String>, ProvisionError> {
    let groups: Vec<&str> =
        groups.iter().filter(|group| group.gid.is_none()).map(|group| group.name.as_str()).collect();
    if users.is_empty() && groups.is_empty() {
        return Ok(None);
    }
    let described = |user: &User| -> Result<Value, ProvisionError> {
        Ok(json!({
            "name": user.name, "uid": user.uid, "home": user.home, "shell": user.shell,
            "groups": groups_of(user, users).0, "entry": yaml_value(&user_entry(user, users)?)?,
        }))
    };
    let users: Vec<Value> = users.iter().map(described).collect::<Result<_, _>>()?;
    render("accounts.sh.j2", USERS, json!({ "users": users, "groups": groups })).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str, uid: Option<u32>) -> User {
        let (groups, ssh_keys) = (vec!["audit".to_owned()], Vec::new());
        User { name: name.into(), uid, groups, shell: None, home: None, sudo: None, ssh_keys }
    }

    #[test]
    fn only_users_of_the_template_need_a_script_and_a_shell_can_read_it() {
        let group = |gid| [Group { name: "audit".into(), gid }];
        assert_eq!(users_script(&[], &group(Some(2100))).unwrap(), None);
        assert!(users_script(&[], &group(None)).unwrap().unwrap().contains("groupadd audit"));
        let plain = User { groups: Vec::new(), ..user("plain", None) };
        let users = [user("app", Some(1000)), user("it", None), plain];
        let script = users_script(&users, &[]).unwrap().unwrap();
        for text in [&script, &builder_script()] {
            let status = std::process::Command::new("sh").args(["-n", "-c", text]).status().unwrap();
            assert!(status.success(), "{text}");
        }
    }

    #[test]
    fn a_user_is_told_to_cloud_init_with_what_the_template_says_and_no_more() {
        let entry = user_entry(&user("app", Some(1000)), &[]).unwrap();
        assert_eq!(
            entry,
            json!({ "name": "app", "lock_passwd": true, "shell": "/bin/bash", "uid": 1000, "groups": ["audit"] })
        );
        let users = [user("app", None), user("audit", None)];
        assert_eq!(user_entry(&users[0], &users).unwrap().get("groups"), None, "it comes with its user");
        assert_eq!(late_memberships(&users), [["app", "audit"]]);
    }
}
