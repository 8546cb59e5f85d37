//! Logins that do not do what they are told, over a real sshd: whatever they answer is no success.

use std::{collections::BTreeMap, net::Ipv4Addr, time::Duration};

use hornero::{
    engine::{end_steps, put_off_end},
    provision::{
        script::{Job, command_line},
        supervisor::Place,
    },
    remote::{Command, Exit, Remote, RemoteError, job::Followed, purpose::Purpose, ssh::SshRemote},
};

use super::login::{IDLE_LIES, LIES, Liar};
use crate::{ec2::Cloud, rig::sshd::Sshd};

fn server(liar: &Liar) -> Sshd {
    let mut sshd = Sshd::prepare_at(Ipv4Addr::LOCALHOST, &liar.config());
    sshd.run();
    sshd
}

async fn run(remote: &SshRemote, purpose: Purpose) -> Result<Exit, RemoteError> {
    let command = Command::new(purpose, "echo data; echo more data than is handed on; true");
    remote.run(command.timeout(Some(Duration::from_secs(20))), &mut |_, _| {}).await
}

fn failed(result: &Result<Exit, RemoteError>) -> bool {
    !matches!(result, Ok(exit) if exit.success())
}

#[tokio::test]
async fn no_command_of_any_purpose_succeeds_by_another_answer_than_its_own() {
    let liar = Liar::new();
    let sshd = server(&liar);
    let remote = sshd.connect().await;
    for purpose in Purpose::ALL.iter().copied() {
        for (lie, _) in LIES {
            liar.lie(lie, 0, purpose.word());
            let result = run(&remote, purpose).await;
            assert!(failed(&result), "{purpose:?}, {lie}: {result:?}");
            let out = Box::new(Vec::new());
            let result = remote.fetch(Command::new(purpose, "printf data"), out).await;
            assert!(failed(&result), "fetched for {purpose:?}, {lie}: {result:?}");
        }
        liar.be_honest();
        assert_eq!(run(&remote, purpose).await.unwrap(), Exit::Code(0), "{purpose:?}");
    }
}

#[tokio::test]
async fn no_job_succeeds_by_another_answer_than_its_own() {
    let liar = Liar::new();
    let sshd = server(&liar);
    let (remote, folder) = (sshd.connect().await, tempfile::tempdir().unwrap());
    for (lie, _) in LIES {
        liar.lie(lie, 0, Purpose::Job.word());
        let place = Place { root: folder.path().join("run").display().to_string(), id: lie.into() };
        let user = sshd.account().user;
        let start = place.start(&Job { text: "echo x", user: &user, env: &BTreeMap::new() }, "").unwrap();
        let job = Followed::new(place, start, Some(Duration::from_secs(10)));
        let result = remote.follow(&job, &mut |_| {}).await;
        assert!(failed(&result), "{lie}: {result:?}");
    }
}

#[tokio::test]
async fn what_was_not_seen_to_end_is_not_said_to_have_ended() {
    let liar = Liar::new();
    let sshd = server(&liar);
    let (remote, folder) = (sshd.connect().await, tempfile::tempdir().unwrap());
    let user = sshd.account().user;
    let job = Job { text: "exec sleep 20", user: &user, env: &BTreeMap::new() };
    let hangs = || {
        let command = Command::new(Purpose::Probe, command_line(remote.sudo())).stdin(job.stdin().unwrap());
        command.timeout(Some(Duration::from_secs(2)))
    };
    let honest = remote.run(hangs(), &mut |_, _| {}).await;
    assert!(matches!(honest, Err(RemoteError::TimedOut(_))), "{honest:?}");
    for lie in IDLE_LIES {
        liar.lie(lie, 0, Purpose::EndGroup.word());
        let result = remote.run(hangs(), &mut |_, _| {}).await;
        assert!(matches!(result, Err(RemoteError::NoAnswer(_))), "{lie}: {result:?}");

        liar.lie(lie, 0, Purpose::EndJob.word());
        let place = Place { root: folder.path().join("run").display().to_string(), id: lie.into() };
        let start = place.start(&job, "").unwrap();
        let followed = Followed::new(place, start, Some(Duration::from_secs(2)));
        let result = remote.follow(&followed, &mut |_| {}).await;
        assert!(failed(&result) && !matches!(result, Err(RemoteError::TimedOut(_))), "{lie}: {result:?}");
    }
}

#[tokio::test]
async fn what_is_asked_of_a_kept_builder_fails_by_another_answer_than_its_own() {
    let liar = Liar::new();
    let sshd = server(&liar);
    let remote = sshd.connect().await;
    end_steps(&remote, "web-of-nobody").await.unwrap();
    for lie in IDLE_LIES {
        liar.lie(lie, 0, Purpose::EndJobs.word());
        end_steps(&remote, "web-of-nobody").await.expect_err(lie);
        // Never honestly: it would end the computer of the tests.
        liar.lie(lie, 0, Purpose::TimeToLive.word());
        put_off_end(&remote, Duration::from_secs(24 * 60 * 60)).await.expect_err(lie);
    }
}

#[test]
fn a_builder_that_only_says_that_it_restarts_fails_the_step() {
    let liar = Liar::new();
    let cloud = Cloud::with(&liar.config());
    let step = "[[steps]]\nname = \"again\"\nkind = \"reboot\"\ntimeout = \"2s\"\n";
    let template = cloud.template("", step);
    for lie in ["nothing", "other-text"] {
        liar.lie(lie, 0, Purpose::Restart.word());
        let ran = cloud.run(&["bake", &template]);
        assert!(matches!(ran.code, 5 | 6), "{lie}: {}", ran.stderr);
        assert!(liar.seen().iter().any(|word| word == Purpose::Restart.word()), "{:?}", liar.seen());
        assert_eq!(cloud.images("eu-west-1").len() + parameters(&cloud), 0, "{lie}: {}", ran.stderr);
        assert_eq!(cloud.leftovers(), Vec::<String>::new(), "{lie}");
    }
}

#[tokio::test]
async fn what_a_login_prints_is_no_data() {
    let folder = tempfile::tempdir().unwrap();
    let login = folder.path().join("login");
    std::fs::write(
        &login,
        "#!/bin/sh\necho Welcome\nsh -c \"$SSH_ORIGINAL_COMMAND\"\ncode=$?\necho Bye\nexit $code\n",
    )
    .unwrap();
    std::fs::set_permissions(&login, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut sshd = Sshd::prepare_at(Ipv4Addr::LOCALHOST, &format!("ForceCommand {}", login.display()));
    sshd.run();
    let remote = sshd.connect().await;
    let out = tempfile::NamedTempFile::new().unwrap();
    let command = Command::new(Purpose::Download, "printf 'a\\000\\r\\nb'; exit 3");
    let exit = remote.fetch(command, Box::new(out.reopen().unwrap())).await.unwrap();
    assert_eq!((exit, std::fs::read(out.path()).unwrap()), (Exit::Code(3), b"a\0\r\nb".to_vec()));
}

/// What `connect` says of a login.
async fn refusal(login: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("login");
    std::fs::write(&script, format!("#!/bin/sh\n{login}\n")).unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut sshd = Sshd::prepare_at(Ipv4Addr::LOCALHOST, &format!("ForceCommand {}", script.display()));
    sshd.run();
    match SshRemote::connect(sshd.account(), Duration::from_secs(30)).await {
        Err(error @ RemoteError::Account { .. }) => {
            let top = hornero::error::Error::from(error);
            assert_eq!(top.kind.exit_code(), 5);
            (top.message, top.hint.unwrap())
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("{login}: a bake would begin"),
    }
}

/// A login of somebody who is not root, with a `sudo` that says this.
fn with_sudo(says: &str) -> String {
    format!(
        "bin=$(mktemp -d) && printf '#!/bin/sh\\necho 1000\\n' >$bin/id && \
         printf '#!/bin/sh\\necho \"{says}\" >&2\\nexit 1\\n' >$bin/sudo && chmod +x $bin/id $bin/sudo\n\
         PATH=$bin:$PATH sh -c \"$SSH_ORIGINAL_COMMAND\"\ncode=$?\nrm -r $bin\nexit $code"
    )
}

#[tokio::test]
async fn an_account_of_no_use_is_told_at_the_first_question_with_a_way_out() {
    let forced =
        "echo 'Please login as the user \"ec2-user\" rather than the user \"root\".'; sleep 0.5; exit 0";
    for (login, why, hint) in [
        (forced.to_owned(), "Please login as the user", "user = \"ec2-user\""),
        ("echo This account is currently not available.; exit 1".into(), "does not run commands", "`user`"),
        ("exec cat".into(), "does not run commands", "ForceCommand"),
        (with_sudo("sudo: a password is required"), "sudo wants a password", "NOPASSWD"),
        (with_sudo("sudo: sorry, you must have a tty to run sudo"), "sudo wants a terminal", "requiretty"),
        ("sh -c \"$SSH_ORIGINAL_COMMAND\" | sed -u 's/$/\\r/'".into(), "terminal", "ForceCommand"),
    ] {
        let (message, way) = refusal(&login).await;
        assert!(message.contains(why) && way.contains(hint), "{login}: {message}: {way}");
    }
}

/// How a bake gets to commands of this purpose.
fn is_part_of_the_bake(purpose: Purpose) -> bool {
    match purpose {
        Purpose::Login
        | Purpose::Job
        | Purpose::Accounts
        | Purpose::Upload
        | Purpose::Download
        | Purpose::Seal
        | Purpose::Boot => true,
        // After something has gone wrong or lasted long, or for what this computer must not do.
        Purpose::Probe
        | Purpose::EndJob
        | Purpose::EndJobs
        | Purpose::EndGroup
        | Purpose::UploadBeside
        | Purpose::Restart
        | Purpose::BootId
        | Purpose::TimeToLive => false,
    }
}

/// One of each channel of a bake.
fn everything(cloud: &Cloud) -> String {
    format!(
        "[[files]]\ncontent = \"x\"\ndestination = \"{0}/file\"\n\
         [[steps]]\nname = \"work\"\nrun = \"echo done >{0}/done\"\n\
         [[steps]]\nname = \"fetch\"\nkind = \"download\"\nsource = \"{0}/done\"\ndestination = \"fetched\"\n\
         [[checks]]\nfile = \"{0}/nothing\"\nexists = false\n",
        cloud.disk().display()
    )
}

fn parameters(cloud: &Cloud) -> usize {
    cloud.outside(&["ssm", "describe-parameters"])["Parameters"].as_array().map_or(0, |all| {
        all.iter().filter(|one| one["Name"].as_str().is_some_and(|name| name.starts_with("/images/"))).count()
    })
}

#[test]
fn no_bake_makes_an_image_from_the_moment_on_at_which_its_builder_lies() {
    let liar = Liar::new();
    let cloud = Cloud::with(&liar.config());
    let template = cloud.template("", &everything(&cloud));
    for (from, lie) in (1..).zip(seen_of_a_bake(&liar).iter().zip(LIES.iter().cycle())) {
        let (purpose, (lie, _)) = lie;
        liar.lie(lie, from, "any");
        let ran = cloud.run(&["bake", "--force", &template]);
        assert_ne!(ran.code, 0, "{lie} from {purpose}: {}", ran.stderr);
        assert_eq!(parameters(&cloud), 0, "{lie} from {purpose}: {}", ran.stderr);
        assert_eq!(cloud.images("eu-west-1").len(), 0, "{lie} from {purpose}: {}", ran.stderr);
        assert_eq!(cloud.leftovers(), Vec::<String>::new(), "{lie} from {purpose}");
    }
    for lie in IDLE_LIES {
        let sealed = std::fs::read_to_string(&template).unwrap().replace("[seal]\nenabled = false\n", "");
        std::fs::write(&template, sealed).unwrap();
        liar.lie(lie, 0, "seal");
        let ran = cloud.run(&["bake", "--force", &template]);
        assert_ne!(ran.code, 0, "{lie} about the seal: {}", ran.stderr);
        assert!(!ran.stderr.contains("sealed:"), "{}", ran.stderr);
        assert_eq!(cloud.images("eu-west-1").len() + parameters(&cloud), 0, "{lie}: {}", ran.stderr);
    }
}

/// The purposes of a bake's commands, up to the last one before its capture.
fn seen_of_a_bake(liar: &Liar) -> Vec<String> {
    let cloud = Cloud::with(&liar.config());
    let ran = cloud.run(&["bake", &cloud.template("", &everything(&cloud))]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let seen = liar.seen();
    for purpose in Purpose::ALL.iter().filter(|purpose| is_part_of_the_bake(**purpose)) {
        assert!(seen.iter().any(|word| word == purpose.word()), "{purpose:?}: {seen:?}");
    }
    let last = seen.iter().position(|word| word == Purpose::Seal.word()).unwrap();
    seen[..=last].to_vec()
}
