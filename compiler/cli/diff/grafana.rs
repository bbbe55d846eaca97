//! `watershed diff --against grafana:URL`.

use super::super::exit::Exit;
use super::super::session::Session;
use super::{Args, live};
use crate::pipeline::{self, Compiled, GrafanaQuestion};
use crate::world::grafana::{Credentials, GrafanaLogin, Held};

/// Who asks a Grafana. Secrets are read from where they are held, never from the command line or a spec.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Grafana")]
pub struct GrafanaOptions {
    /// Against a Grafana: the environment variable with the token of a service account.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["grafana_token_file", "grafana_user"])]
    grafana_token_env: Option<String>,
    /// The same in a file.
    #[arg(long, value_name = "FILE", conflicts_with = "grafana_user")]
    grafana_token_file: Option<String>,
    /// Against a Grafana: a user, where it takes no tokens.
    #[arg(long, value_name = "LOGIN", requires = "grafana_password_env")]
    grafana_user: Option<String>,
    /// The environment variable with the user's password.
    #[arg(long, value_name = "NAME", requires = "grafana_user")]
    grafana_password_env: Option<String>,
}

impl GrafanaOptions {
    fn credentials(&self) -> Option<Credentials> {
        let variable = |name: &String| Held::Variable(name.clone());
        match (&self.grafana_token_env, &self.grafana_token_file, &self.grafana_user, &self.grafana_password_env) {
            (Some(name), ..) => Some(Credentials::Token(variable(name))),
            (_, Some(file), ..) => Some(Credentials::Token(Held::File(file.clone()))),
            (_, _, Some(user), Some(name)) => Some(Credentials::Basic { user: user.clone(), password: variable(name) }),
            _ => None,
        }
    }
}

/// Compares with a Grafana and shows what differs: exit 2 for differences, 4 where something could not be looked at.
pub fn run(session: &Session<'_>, args: &Args, compiled: &Compiled, url: &str) -> Exit {
    let options = &args.options.findings;
    let clusters = match pipeline::with_grafana(compiled, &args.cluster) {
        Ok(clusters) => clusters,
        Err(findings) => return session.findings(&findings, compiled.sources(), options),
    };
    let (Some(fleet), [cluster]) = (&compiled.fleet, &clusters[..]) else {
        session.complain(&complaint(compiled, &clusters));
        return Exit::Usage;
    };
    let login = GrafanaLogin {
        url: url.trim_end_matches('/').to_owned(),
        credentials: args.grafana.credentials(),
        timeout: args.login.timeout(),
    };
    let grafana = session.world.grafana(&login);
    let question = GrafanaQuestion {
        cluster: *cluster,
        grafana: grafana.as_deref().map_err(Clone::clone),
        approved: &args.approved,
        today: session.world.today(),
    };
    match pipeline::grafana(session.world, compiled, &question) {
        Ok(compared) => {
            let mut compared: Vec<_> = compared.into_iter().collect();
            let in_clear = login.credentials.is_some() && is_open(&login.url);
            if let Some(one) = compared.first_mut().filter(|_| in_clear) {
                let name = &fleet.cluster(*cluster).name;
                one.remarks
                    .push(format!("the Grafana of `{name}` is asked over http: whoever is on the way reads the token"));
            }
            live::show(session, args, compiled, &compared)
        }
        Err(findings) => session.findings(&findings, compiled.sources(), options),
    }
}

/// Whether what is sent to an address can be read on the way.
fn is_open(url: &str) -> bool {
    let host = url.strip_prefix("http://").map(|rest| rest.split(['/', ':']).next().unwrap_or_default());
    host.is_some_and(|host| host != "localhost" && !host.starts_with("127.") && host != "[")
}

fn complaint(compiled: &Compiled, clusters: &[crate::model::ids::ClusterId]) -> String {
    let names = clusters.iter().filter_map(|id| Some(compiled.fleet.as_ref()?.cluster(*id).name.as_str()));
    let names: Vec<&str> = names.collect();
    match &names[..] {
        [] => "nothing is compiled for a Grafana here.\n  \
               help: a `reader` of kind `grafana` brings data sources and dashboards to one"
            .to_owned(),
        [first, ..] => format!(
            "{} clusters have a Grafana ({}), and one address is one Grafana.\n  \
             help: name the cluster whose Grafana it is: --cluster {first}",
            names.len(),
            names.join(", ")
        ),
    }
}
