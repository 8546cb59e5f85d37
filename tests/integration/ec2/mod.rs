//! Bakes on EC2, with the cloud in memory and a real sshd in the place of the builder's.

mod bakes;
mod captures;
mod current_folder;
mod due;
mod ends;
mod errors;
mod events;
mod first_contact;
mod formats;
mod kept;
mod keys;
mod line;
mod local_steps;
mod locks;
mod plans;
mod playbooks;
pub mod policy;
mod preflight;
mod publishing;
mod runs;
mod secrets;
mod unfinished;
mod ways;

use std::{net::Ipv4Addr, path::PathBuf, process::Command};

use serde_json::Value;

use crate::rig::{
    hornero::{Hornero, Ran},
    moto::{BASE, Moto, aws_json, environment},
    proxy::Proxy,
    python::program,
    rootfs::Rootfs,
    sshd::Sshd,
};

/// One cloud, the way into its builders, and a program that uses both.
pub struct Cloud {
    moto: Moto,
    pub proxy: Proxy,
    sshd: Sshd,
    pub hornero: Hornero,
}

impl Cloud {
    pub fn start() -> Self {
        Self::with("")
    }

    /// With more lines of the sshd's configuration.
    pub fn with(sshd: &str) -> Self {
        let moto = Moto::start();
        let proxy = Proxy::before(&moto.endpoint());
        let hornero = Hornero::alone();
        let disk = hornero.folder.path().join("disk");
        std::fs::create_dir(&disk).unwrap();
        let mut sshd = Sshd::prepare_with_disk(Ipv4Addr::LOCALHOST, sshd, Some(&disk));
        sshd.run();
        Self { moto, proxy, sshd, hornero }
    }

    /// What is searched in the place of the builder's disks.
    pub fn disk(&self) -> PathBuf {
        self.hornero.folder.path().join("disk")
    }

    pub fn host_key(&self) -> String {
        self.sshd.account().pin.to_string()
    }

    /// Who logs in to builders.
    pub fn user(&self) -> String {
        self.sshd.account().user
    }

    pub fn sshd_log(&self) -> String {
        self.sshd.log()
    }

    /// From now on AWS's clock shows so many seconds more than this computer's.
    pub fn set_ahead(&mut self, seconds: u64) {
        self.moto.set_ahead(seconds);
    }

    /// Every machine that runs has powered itself off, as EC2 sees it.
    pub fn power_off(&mut self) {
        self.moto.power_off();
    }

    /// Of the cloud itself, behind the proxy.
    pub fn endpoint(&self) -> String {
        self.moto.endpoint()
    }

    /// What the AWS CLI answers to somebody whom the proxy does not see.
    pub fn outside(&self, arguments: &[&str]) -> Value {
        aws_json(&self.moto.endpoint(), arguments)
    }

    /// A template whose builder is reached at the sshd of this computer, with `more` at its end.
    /// `[ec2]` is open at the end of its own part, so `ec2` adds keys to it.
    pub fn template(&self, ec2: &str, more: &str) -> String {
        let account = self.sshd.account();
        let key = self.hornero.folder.path().join("key");
        std::fs::write(&key, &account.private_key).unwrap();
        let text = format!(
            "[image]\nname = \"web\"\nversion = \"7\"\ntags = {{ team = \"ops\" }}\n\
             [base]\nec2 = {{ ami = \"{BASE}\" }}\n\
             [cloud_init]\nenabled = false\n[seal]\nenabled = false\n\
             [ssh]\nuser = \"{}\"\nprivate_key = \"{}\"\nhost_key = \"{}\"\nhost = \"127.0.0.1\"\nport = {}\ntimeout = \"20s\"\n\
             [ec2]\nssh_cidrs = [\"203.0.113.7/32\"]\n{ec2}\n{more}\n",
            account.user,
            key.display(),
            account.pin,
            account.address.port(),
        );
        self.hornero.template("web.toml", &text)
    }

    /// A template whose builder is a Debian of its own, where nothing has to be left out: it is sealed.
    pub fn template_on(&self, builder: &Rootfs, user: &str, more: &str) -> String {
        let ssh = builder.ssh_table(user, self.hornero.folder.path());
        let text = format!(
            "[image]\nname = \"web\"\n[base]\nec2 = {{ ami = \"{BASE}\" }}\n[cloud_init]\nenabled = false\n\
             {ssh}[ec2]\nssh_cidrs = [\"203.0.113.7/32\"]\n{more}\n"
        );
        self.hornero.template("web.toml", &text)
    }

    /// The same template with some of its parts written otherwise.
    pub fn edited(&self, edits: &[(&str, &str)]) -> String {
        let path = self.template("", "");
        let mut text = std::fs::read_to_string(&path).unwrap();
        for (from, to) in edits {
            assert!(text.contains(from), "{from}: {text}");
            text = text.replace(from, to);
        }
        std::fs::write(&path, text).unwrap();
        path
    }

    /// What a template says of the builder's address.
    pub fn address(&self) -> String {
        format!("host = \"127.0.0.1\"\nport = {}\n", self.sshd.port)
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.hornero.command(arguments);
        command
            .envs(environment(&self.proxy.endpoint()))
            .env("HORNERO_PLATFORM", "ec2")
            // For steps that look at the cloud while the builder runs.
            .env("AWS_CLI", program("aws"));
        command
    }

    /// What the AWS CLI answers.
    pub fn aws(&self, arguments: &[&str]) -> Value {
        aws_json(&self.proxy.endpoint(), arguments)
    }

    /// The ID of the newest run of a bake.
    pub fn run_id(&self) -> String {
        let runs = std::fs::read_dir(self.hornero.folder.path().join("state/runs")).unwrap();
        let names = runs.map(|run| run.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("web-")).max().unwrap()
    }

    /// A parameter's value and data type.
    pub fn parameter(&self, name: &str, region: &str) -> (String, String) {
        let answer = self.aws(&["ssm", "get-parameter", "--name", name, "--region", region]);
        let text = |key: &str| answer["Parameter"][key].as_str().unwrap().to_owned();
        (text("Value"), text("DataType"))
    }

    /// Makes a KMS key with an alias, and gives its ID.
    pub fn make_key(&self, alias: &str, region: &str) -> String {
        let made = self.outside(&["kms", "create-key", "--region", region]);
        let id = made["KeyMetadata"]["KeyId"].as_str().unwrap().to_owned();
        self.outside(&[
            "kms",
            "create-alias",
            "--alias-name",
            alias,
            "--target-key-id",
            &id,
            "--region",
            region,
        ]);
        id
    }

    /// Images that are the account's own.
    pub fn images(&self, region: &str) -> Vec<Value> {
        let answer = self.aws(&["ec2", "describe-images", "--owners", "self", "--region", region]);
        answer["Images"].as_array().cloned().unwrap_or_default()
    }

    /// What a step on this computer wrote down.
    pub fn noted(&self, name: &str) -> Value {
        serde_json::from_str(&std::fs::read_to_string(self.hornero.folder.path().join(name)).unwrap())
            .unwrap()
    }

    pub fn instances(&self) -> Vec<Value> {
        let answer = self.aws(&["ec2", "describe-instances"]);
        let reservations = answer["Reservations"].as_array().cloned().unwrap_or_default();
        reservations.iter().flat_map(|one| one["Instances"].as_array().cloned().unwrap_or_default()).collect()
    }

    /// Instances that are not terminated, and groups that hornero made.
    pub fn leftovers(&self) -> Vec<String> {
        let alive = self.instances().into_iter().filter(|one| one["State"]["Name"] != "terminated");
        let mut left: Vec<String> = alive.map(|one| one["InstanceId"].to_string()).collect();
        let groups = self.aws(&["ec2", "describe-security-groups"]);
        let groups = groups["SecurityGroups"].as_array().unwrap().iter();
        let names = groups.map(|group| group["GroupName"].as_str().unwrap().to_owned());
        left.extend(names.filter(|name| name.starts_with("hornero-")));
        left
    }

    /// Fails as a user sees it: exit code 4, one error, nothing left.
    pub fn fails(&self, template: &str) -> Ran {
        let ran = self.run(&["bake", template]);
        assert_eq!(ran.code, 4, "{}", ran.stderr);
        assert_eq!(ran.stderr.matches("error:").count(), 1, "{}", ran.stderr);
        assert_eq!(self.leftovers(), Vec::<String>::new());
        ran
    }
}

/// A tag of something that EC2 describes.
pub fn tag<'a>(thing: &'a Value, key: &str) -> &'a str {
    let tags = thing["Tags"].as_array().unwrap_or_else(|| panic!("no tags: {thing}"));
    let found = tags.iter().find(|tag| tag["Key"] == key);
    found.unwrap_or_else(|| panic!("no tag {key}: {thing}"))["Value"].as_str().unwrap()
}
