"""What weeks of the loop must show: each as one question to the warehouse, with what it asks.

A question counts: nothing counted is nothing shown. ``LEFT_OUT`` counts what must not be.
"""

KINDS = ("control", "conformity", "qualification", "entry_exit", "formalities", "warning", "other")

SHOWN = {
    **{
        f"something was selected by {method} and inspected": f"""
            select count(*) from treatment.decisions
            inner join core.inspections using (importer_id, declaration_id)
            where decisions.selected_by = '{method}' and inspections.instruction_id is not null"""
        for method in ("random", "targeted", "exploration", "analyst", "parameter", "mandatory")
    },
    **{
        f"a measure of the kind {kind} had effect": f"""
            select count(*) from treatment.measures
            where kind = '{kind}' and effective_from is not null"""
        for kind in KINDS
    },
    "an analyst asked for an inspection, and it was made": """
        select count(*) from treatment.inspection_requests where inspected > 0""",
    "a parameter was tested, approved and activated, and hit something that was examined": """
        select count(*) from treatment.parameters
        where state = 'activated' and hits > 0 and examined_hits > 0""",
    "a parameter asked for documents, and they were examined": """
        select count(*) from ops.claims
        inner join treatment.decisions using (importer_id, declaration_id)
        where claims.wants = 'documents' and decisions.lane = 'medium'""",
    "a special operation was ordered, and is measured": """
        select count(*) from treatment.special_operations where measured_days > 0""",
    "a policy recommendation left, and was answered": """
        select count(*) from treatment.policy_recommendations
        where dispatched_at is not null and answered_at is not null""",
    "a rebuttal was reviewed, and the party was told why": """
        select count(*) from treatment.rebuttals
        inner join ops.outbox
            on outbox.message_id = 'measure:' || measure_id || ':rebuttal:' || rebuttal_id
        where
            rebuttals.status in ('adjusted', 'lifted', 'upheld')
            and outbox.dispatched_at is not null""",
    "a warning was issued and received": """
        select count(*) from treatment.warnings where issued_at is not null and receipts > 0""",
    "a warning was lifted, and whoever had been told was told of it": """
        select count(*) from treatment.warnings
        inner join ops.outbox on outbox.kind = 'lifting' and outbox.subject_id = warning_id
        where warnings.state = 'lifted' and outbox.dispatched_at is not null""",
    "an emergency drill ran to its end": """
        select count(*) from treatment.emergencies
        where is_drill and status = 'stood_down' and steps_done > 0""",
    "a joint case shared something with another agency": """
        select count(*) from treatment.joint_cases where exchanges_sent > 0""",
    "an audit after clearance came back": """
        select count(*) from treatment.referrals
        where referral_kind = 'audit' and outcome is not null""",
    "what an audit found counts as a label": """
        select count(*) from intermediate.int_inspections as inspections
        inner join treatment.referrals using (importer_id, declaration_id)
        where
            referral_kind = 'audit'
            and inspections.result_id = 'audit:' || referrals.result_id
            and inspections.has_finding is not null""",
    "a case was referred, and a result came back": """
        select count(*) from treatment.referrals
        where referral_kind = 'case' and outcome is not null""",
    "the week's reports were made and sent": """
        select count(*) from treatment.reports where received_at is not null""",
    "a party was asked for information, and answered in full": """
        select count(*) from core.information_requests where status = 'answered'""",
    "an expert under an undertaking judged a case": """
        select count(*) from assessment.expert_assessments""",
}

LEFT_OUT = {
    "instructions without a reason in both languages": """
        select count(*) from treatment.instructions
        where coalesce(reason_en, '') = '' or coalesce(reason_zh, '') = ''""",
    "instructions that did not leave, or without a receipt": """
        select count(*) from treatment.hit_cards
        where dispatched_at is null or received_at is null""",
}
