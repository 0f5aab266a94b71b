//! A person marks a request as a draft by its title, which holds its merge: another run keeps the mark.

use tagship::forge::{ForgeError, MergeMethod, Operation, Proposal, WantedMerge};

use super::{HEAD, PROPOSAL, api_of, forge_of};
use crate::support::forge::{Kind, RequestState};

const KINDS: [Kind; 5] = [Kind::GitHub, Kind::GitLab, Kind::Gitea, Kind::Azure, Kind::Bitbucket];

#[test]
fn the_mark_of_a_draft_stays() {
    for kind in KINDS {
        for mark in ["Draft: ", "[Draft] ", "(Draft) ", "WIP: ", "[WIP] ", "draft:", "[wip]  "] {
            let forge = forge_of(kind);
            let api = api_of(&forge);
            api.propose(&PROPOSAL).unwrap();
            let marked = format!("{mark}{}", PROPOSAL.title);
            forge.store().requests[0].title.clone_from(&marked);
            let (_, operation) = api.propose(&PROPOSAL).unwrap();
            assert_eq!((operation, forge.store().only().changes), (Operation::Unchanged, 0), "{kind:?}: {mark}");
            api.propose(&Proposal { title: "Release web:v3", ..PROPOSAL }).unwrap();
            assert_eq!(forge.store().only().title, format!("{mark}Release web:v3"), "{kind:?}");
        }
    }
}

#[test]
fn a_title_has_one_mark_and_is_cut() {
    let forge = forge_of(Kind::GitLab);
    let api = api_of(&forge);
    let propose = |title: &str| {
        api.propose(&Proposal { title, ..PROPOSAL }).unwrap();
        forge.store().only().title.clone()
    };
    propose("Draft: Release web:v2");
    assert_eq!(propose("WIP: Release web:v3"), "WIP: Release web:v3", "the message of the release has a mark");
    let long = propose(&"ä".repeat(300));
    assert!(long.starts_with("WIP: ä") && long.ends_with('…') && long.chars().count() == 250, "{long}");
}

/// A word that only begins so, and a mark in the middle, are none.
#[test]
fn what_is_no_mark() {
    for title in ["Drafts: x", "Draft x", "Wipe", "Release Draft: web:v2", "", "ä"] {
        let forge = forge_of(Kind::GitLab);
        let api = api_of(&forge);
        api.propose(&PROPOSAL).unwrap();
        forge.store().requests[0].title = title.to_owned();
        api.propose(&PROPOSAL).unwrap();
        assert_eq!(forge.store().only().title, PROPOSAL.title, "{title}");
    }
}

#[test]
fn a_draft_is_not_armed() {
    for (kind, mark) in [(Kind::GitLab, "Draft: "), (Kind::Gitea, "WIP: "), (Kind::Gitea, "[wip] ")] {
        let forge = forge_of(kind);
        let api = api_of(&forge);
        forge.store().waits = true;
        api.propose(&PROPOSAL).unwrap();
        forge.store().requests[0].title.insert_str(0, mark);
        let (request, _) = api.propose(&PROPOSAL).unwrap();
        forge.calls();
        let head = forge.store().remote.tip(HEAD).unwrap();
        let error = api
            .merge_when_ready(&WantedMerge {
                request: &request,
                method: MergeMethod::Squash,
                head_id: &head,
                message: "Release web:v2",
            })
            .unwrap_err();
        let ForgeError::NotArmed { why, .. } = &error else { panic!("{kind:?}: {error:?}") };
        assert_eq!(why, "it is a draft", "{kind:?}");
        assert_eq!(forge.calls().len(), 2, "{kind:?}: it is not tried again");
        let request = forge.store().only().clone();
        assert_eq!((request.armed, request.state), (None, RequestState::Open), "{kind:?}");
    }
}
