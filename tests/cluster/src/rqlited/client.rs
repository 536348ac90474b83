//! One database node asked over HTTP, as an application or an administrator would: SQL, and who is a member.
//! Asks once, with a short limit; a test that waits for something asks again.

use std::net::SocketAddr;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use crate::http::{self, Request};

/// A leader is looked for by the node for some seconds before it says that there is none.
const LIMIT: Duration = Duration::from_secs(8);

/// Which node's word is taken for a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// What this node has, whatever the others have.
    None,
    /// What the leader has.
    Weak,
    /// What a quorum agrees on.
    Strong,
}

/// One line of `/nodes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: String,
    /// Its Raft address.
    pub address: String,
    /// Not said by releases before 8.0.
    pub voter: Option<bool>,
    pub reachable: bool,
    pub leader: bool,
}

/// A client of one node.
#[derive(Clone, Debug)]
pub struct Rqlite {
    address: SocketAddr,
    authorization: Option<String>,
    tls: bool,
}

impl Rqlite {
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        Self { address, authorization: None, tls: false }
    }

    /// The same with basic authentication.
    #[must_use]
    pub fn as_user(&self, user: &str, password: &str) -> Self {
        Self { authorization: Some(basic(user, password)), ..self.clone() }
    }

    /// The same over TLS, whatever certificate the node has.
    #[must_use]
    pub fn over_tls(&self) -> Self {
        Self { tls: true, ..self.clone() }
    }

    /// Runs a statement that writes; gives its result.
    pub fn execute(&self, sql: &str) -> Result<Value, String> {
        let answer = self.answer(&Request::with_body("POST", "/db/execute", json!([sql]).to_string()))?;
        result(&answer)
    }

    /// Runs a statement that reads; gives its rows.
    pub fn query(&self, sql: &str, level: Level) -> Result<Vec<Vec<Value>>, String> {
        let level = match level {
            Level::None => "none",
            Level::Weak => "weak",
            Level::Strong => "strong",
        };
        let path = format!("/db/query?level={level}");
        let answer = self.answer(&Request::with_body("POST", &path, json!([sql]).to_string()))?;
        let result = result(&answer)?;
        let rows = result["values"].as_array().cloned().unwrap_or_default();
        Ok(rows.into_iter().map(|row| row.as_array().cloned().unwrap_or_default()).collect())
    }

    /// The members that this node knows of, by id.
    pub fn nodes(&self) -> Result<Vec<Member>, String> {
        let answer = self.answer(&Request::get("/nodes?nonvoters&ver=2&timeout=2s"))?;
        let mut members: Vec<Member> = match answer["nodes"].as_array() {
            Some(nodes) => nodes.iter().map(|node| member(node["id"].as_str().unwrap_or_default(), node)).collect(),
            // Before 8.0: by id.
            None => answer.as_object().into_iter().flatten().map(|(id, node)| member(id, node)).collect(),
        };
        members.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(members)
    }

    /// Removes a member, by id. It succeeds for one that there is not, too: see `nodes`.
    pub fn remove(&self, id: &str) -> Result<(), String> {
        self.ask(&Request::with_body("DELETE", "/remove", json!({ "id": id }).to_string())).map(drop)
    }

    /// Whether `/readyz` says 200 now, or what it says instead.
    pub fn ready(&self) -> Result<(), String> {
        self.ask(&Request::get("/readyz")).map(drop)
    }

    /// It answers, with or without a leader.
    pub fn is_up(&self) -> bool {
        self.ask(&Request::get("/readyz?noleader")).is_ok()
    }

    /// The whole database as SQL.
    pub fn backup(&self) -> Result<String, String> {
        self.ask(&Request::get("/db/backup?fmt=sql"))
    }

    /// Loads what `backup` gave into a cluster that is empty.
    pub fn load(&self, sql: &str) -> Result<(), String> {
        let answer = self.answer(&Request::with_text("POST", "/db/load", sql.to_owned()))?;
        answer["results"].as_array().into_iter().flatten().try_for_each(|result| match result["error"].as_str() {
            Some(error) => Err(error.to_owned()),
            None => Ok(()),
        })
    }

    fn answer(&self, request: &Request) -> Result<Value, String> {
        let body = self.ask(request)?;
        serde_json::from_str(&body).map_err(|error| format!("{error}: `{body}`"))
    }

    fn ask(&self, request: &Request) -> Result<String, String> {
        let request = match &self.authorization {
            Some(authorization) => request.clone().header("Authorization", authorization),
            None => request.clone(),
        };
        let ask = if self.tls { http::ask_over_tls } else { http::ask };
        match ask(self.address, &request, LIMIT) {
            Ok((200, body)) => Ok(body),
            Ok((status, body)) => Err(format!("{status} {}", body.trim())),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The value of an `Authorization` header, for a probe as well.
#[must_use]
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
}

/// The one statement's result. An error of SQL comes with status 200, and so does one of the request as a whole, which then has no results:
/// the leader is gone while it commits.
fn result(answer: &Value) -> Result<Value, String> {
    let result = answer["results"][0].clone();
    match result["error"].as_str().or_else(|| answer["error"].as_str()) {
        Some(error) => Err(error.to_owned()),
        None if result.is_null() => Err(format!("no result: {answer}")),
        None => Ok(result),
    }
}

fn member(id: &str, node: &Value) -> Member {
    Member {
        id: id.to_owned(),
        address: node["addr"].as_str().unwrap_or_default().to_owned(),
        voter: node["voter"].as_bool(),
        reachable: node["reachable"] == true,
        leader: node["leader"] == true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_wherever_it_stands() {
        let of = |answer: Value| result(&answer).map_err(|error| error.chars().take(9).collect::<String>());
        assert_eq!(of(json!({ "results": [{ "rows_affected": 1 }] })), Ok(json!({ "rows_affected": 1 })));
        assert_eq!(of(json!({ "results": [{ "error": "near \"X\"" }] })), Err("near \"X\"".to_owned()));
        assert_eq!(of(json!({ "results": [], "error": "leadership lost" })), Err("leadershi".to_owned()));
        assert_eq!(of(json!({ "results": [] })), Err("no result".to_owned()));
    }
}
