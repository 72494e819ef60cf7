"""What commands print, row by row and column by column, against the captured outputs of the original (cli.md 2 to 10)."""

import json
import re

from keys import operator
from messaging import wait_for_interest
from streams import filled
from tool import *

# `label…`: only when it is set. Rows and sections come in this order, and there are no others.
STREAM = {
    "": "Description… Subjects… Replicas Sealed… Storage Compression… Persistence_Mode… First_Sequence… Placement_Cluster… Placement_Tags…",
    "Options": "Subject_Transform… Republishing… Republishing_Headers… Retention Acknowledgments Discard_Policy Duplicate_Window "
               "Direct_Get… Mirror_Direct_Get… Allows_Atomic_Batch_Publish Allows_Fast_Batch_Publish Allows_Counters "
               "Allows_Msg_Delete Allows_Per-Message_TTL Allows_Purge Allows_Schedules Subject_Delete_Markers_TTL… Allows_Rollups",
    "Limits": "Maximum_Messages Maximum_Per_Subject Maximum_Bytes Maximum_Age Maximum_Message_Size Maximum_Consumers "
              "Consumer_Inactive_Threshold… Consumer_Max_Ack_Pending…",
    "Metadata…": "k",
    "Cluster Information…": "Name Cluster_Group… Leader… Replica…",
    "State": "Host_Version… Required_API_Level… Messages Bytes Lost_Messages… First_Sequence Last_Sequence Deleted_Messages… "
             "Active_Consumers Number_of_Subjects… Alternates…",
}
CONSUMER = {
    "Configuration": "Name Durable_Name… Description… Delivery_Subject… Pull_Mode… Filter_Subject… Filter_Subjects… Deliver_Policy "
                     "Deliver_Queue_Group… Ack_Policy Ack_Wait… Replay_Policy Maximum_Deliveries… Sampling_Rate… Rate_Limit… "
                     "Max_Ack_Pending… Max_Waiting_Pulls… Idle_Heartbeat… Flow_Control… Headers_Only… Inactive_Threshold… "
                     "Max_Pull_Expire… Max_Pull_Batch… Max_Pull_MaxBytes… Backoff… Replicas… Memory_Storage… "
                     "Paused_Until_Deadline… Priority_Policy… Priority_Groups… Pinned_TTL…",
    "Metadata…": "k",
    "Cluster Information…": "Name Raft_Group… Leader… Replica…",
    "State": "Host_Version… Required_API_Level… Last_Delivered_Message Acknowledgment_Floor… Outstanding_Acks… Redelivered_Messages… "
             "Unprocessed_Messages Waiting_Pulls… Active_Interest… Paused_Until… Priority_Groups…",
}
KV = {
    "Configuration": "Bucket_Name History_Kept Values_Stored Compressed Per-Key_TTL_Supported Limit_Marker_TTL… Backing_Store_Kind "
                     "Description… Bucket_Size Maximum_Bucket_Size Maximum_Value_Size Maximum_Age JetStream_Stream Storage "
                     "Republishing… Republishing_Headers…",
    "Metadata…": "k",
    "Cluster Information": "Name Leader… Replica…",
}
OBJECTS = {
    "Configuration": "Bucket_Name Description… Replicas TTL Sealed Size Maximum_Bucket_Size Storage Backing_Store_Kind JetStream_Stream "
                     "Metadata…",
    "Cluster Information": "Name Leader… Replica…",
}
OBJECT = {"": "Description… Size Modification_Time Chunks Digest Deleted… Headers…", "Metadata…": "k"}
CONTEXT = {"": "Description… Server_URLs… SOCKS5_Proxy… Username… Password… Token… Credentials… User_JWT… User_Seed… NKey… Certificate… "
               "Key… CA… TLS_First… JS_API_Prefix… JS_Event_Prefix… JS_Domain… Inbox_Prefix… Path Color_Scheme… Connection…"}
SERVER = {
    "Process Details": "Version Git_Commit Go_Version Start_Time Configuration_Load_Time Configuration_Digest… Uptime",
    "Connection Details": "Auth_Required TLS_Required Host Client_URLs… WebSocket_URLs…",
    "JetStream…": "Domain… API_Support_Level Storage_Directory Active_Accounts Memory_In_Use File_In_Use API_Requests API_Errors "
                  "Always_sync_writes_to_disk Write_sync_Frequency Maximum_Memory_Storage Maximum_File_Storage Unique_Tag… "
                  "Cluster_Message_Compression… Maximum_HA_Assets… Maximum_Ack_Pending… Maximum_Request_Batch… "
                  "Maximum_Duplicate_Window… Maximum_Messages_Per_Batch… Maximum_Batch_Timeout… "
                  "Maximum_Open_Batches_Per_Stream… Maximum_Open_Batches_Per_Server… Strict_API_Parsing",
    "Limits": "Maximum_Connections Maximum_Subscriptions Maximum_Payload TLS_Timeout Write_Deadline",
    "Statistics": "CPU_Cores GOMAXPROCS… Memory GOMEMLIMIT… Connections Subscriptions Messages Bytes Slow_Consumers",
    "Cluster…": "Name Tags… Host URLs…",
    "Super Cluster…": "Name Host Clusters…",
}
OPERATOR = {"Configuration": "Name Subject Tags… Service_URL(s)… Account_Server… Accounts System_Account Signing_Keys…"}
ACCOUNT = {
    "Configuration": "Name Issuer Operator System_Account Tags… JetStream Expiry… Users Revocations Service_Exports Stream_Exports "
                     "Service_Imports Stream_Imports",
    "Limits": "Bearer_Tokens_Allowed Subscriptions Connections Maximum_Payload Leafnodes Imports Exports",
    "JetStream Settings…": "Cluster_Traffic",
    "Account Default Limits…": None,
}
USER = {
    "Configuration": "Account Issuer Scoped Tags… Bearer_Token",
    "Limits": None,
    "Permissions": None,
    "Publish…": "Allow… Deny…",
    "Subscribe…": "Allow… Deny…",
}
# A server that shows all of that.
LIMITED = """
server_name: s
jetstream {
    store_dir: "js", domain: d
    limits { max_ha_assets: 5, max_ack_pending: 6, max_request_batch: 7, duplicate_window: "1m" }
}
accounts {
    SYS { users: [ { user: sys, password: sys } ] }
    APP { jetstream: enabled, users: [ { user: app, password: app } ] }
}
system_account: SYS
no_auth_user: app
"""
ERROR = {"": "Description Comment… HTTP_Code Go_Index_Constant Help_URL…"}


def sections(text):
    """[(title, [labels])] of an information output, without its heading."""
    lines = text.split("\n")
    found = [("", [])]
    colon = None
    for before, line, after in zip(lines, lines[1:], lines[2:] + [""]):
        if not before.strip():
            # A new block of rows, whose colons stand below each other.
            colon = None
            if line.strip() and not after.strip() and re.fullmatch(r" *\S.*:", line):
                found.append((line.strip()[:-1], []))
                continue
        row = re.match(r" +\S[^:]*:", line)
        if row and colon in (None, row.end()):
            colon = row.end()
            found[-1][1].append(row.group(0).strip()[:-1])
    return [entry for entry in found if entry[0] or entry[1]]


def arranged(got, wanted, what):
    """`got` is a part of `wanted` in its order that has everything but what ends in `…`."""
    names = [name.rstrip("…") for name in wanted]
    unknown = [name for name in got if name not in names]
    eq(unknown, [], "unknown in %s; all: %r" % (what, got))
    eq(got, [name for name in names if name in got], "order in " + what)
    eq([name for name in wanted if not name.endswith("…") and name not in got], [], "missing in " + what)


def laid_out(text, heading, layout):
    """The output is laid out as the original's; gives its labels."""
    matches(text.split("\n")[0], "^%s$" % heading)
    found = sections(text)
    titles = ([""] if "" in layout and (not found or found[0][0] != "") else []) + [title for title, _ in found]
    arranged(titles, list(layout), "sections")
    rows = {name.rstrip("…"): wanted for name, wanted in layout.items()}
    for title, labels in found:
        if rows[title] is not None:
            arranged(labels, [name.replace("_", " ") for name in rows[title].split()], title or "rows")
    return {label for _, labels in found for label in labels}


def columns(tool, *args, **options):
    """[(title, [columns])] of the tables that a command prints."""
    markdown = tool.out(*args, env={"NATS_TABLE_FORMAT": "md"}, **options).split("\n")
    return [(line[2:], [cell.strip() for cell in markdown[number + 1].strip("|").split("|")])
            for number, line in enumerate(markdown) if line.startswith("# ")]


def keys(document, wanted):
    """The members of an object come in this order."""
    arranged(list(document), wanted.split(), "an object")


@case(71)
def information_about_a_stream(ctx):
    tool = nats(ctx)
    heading = r"Information for Stream \S+ created \d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    tool.run("stream", "add", "PLAIN", "--subjects", "plain", "--defaults")
    laid_out(tool.out("stream", "info", "PLAIN"), heading, STREAM)
    tool.run("stream", "add", "FULL", "--subjects", "full.*", "--description", "d", "--compression", "s2", "--persist-mode", "async",
             "--first-sequence", "5", "--transform-source", "full.*", "--transform-destination", "to.{{wildcard(1)}}", "--republish-source", ">",
             "--republish-destination", "r.>", "--allow-msg-ttl", "--allow-rollup", "--subject-del-markers-ttl", "5s",
             "--limit-consumer-inactive", "10s", "--limit-consumer-max-pending", "50", "--metadata", "k=v", "--tag", "t", "--defaults")
    tool.run("publish", "full.a", "x", "-J", "--count", "3", "-q")
    tool.run("stream", "rmm", "FULL", "6", "-f")
    labels = laid_out(tool.out("stream", "info", "FULL"), heading, STREAM)
    check({"Description", "Compression", "Persistence Mode", "Placement Tags", "Subject Transform", "Republishing",
           "Subject Delete Markers TTL", "Consumer Inactive Threshold", "Deleted Messages", "Number of Subjects", "k"} <= labels, labels)
    laid_out(tool.out("stream", "state", "FULL"), heading.replace("Information", "State"), {"State": STREAM["State"]})
    info = tool.run("stream", "info", "FULL", "--json").json
    keys(info, "config created state domain… cluster… mirror… sources… alternates… ts")
    keys(tool.run("stream", "get", "FULL", "5", "--json").json, "subject seq hdrs… data time")
    tool.run("stream", "add", "S", "--subjects", "s", "--description", "d", "--metadata", "k=v", "--limit-consumer-inactive", "10s",
             "--transform-source", "s", "--transform-destination", "t", "--defaults", "--output", "s.json")
    config = json.load(open(tool.path("s.json"), encoding="utf-8"))
    eq(list(config), [
        "name", "description", "subjects", "retention", "max_consumers", "max_msgs_per_subject", "max_msgs", "max_bytes", "max_age",
        "max_msg_size", "storage", "discard", "num_replicas", "duplicate_window", "subject_transform", "sealed", "deny_delete",
        "deny_purge", "allow_rollup_hdrs", "allow_direct", "mirror_direct", "metadata", "consumer_limits"])
    eq(columns(tool, "stream", "ls"), [("Streams", ["Name", "Description", "Created", "Messages", "Size", "Last Message"])])
    eq(columns(tool, "stream", "report"), [("Stream Report", [
        "Stream", "Storage", "Placement", "Consumers", "Messages", "Bytes", "Lost", "Deleted", "API Level", "Replicas"])])
    eq(columns(tool, "stream", "gaps", "FULL", "-f"), [("1 gap found in Stream FULL", ["First Message", "Last Message"])])


@case(85)
def information_about_a_consumer(ctx):
    tool = nats(ctx)
    filled(tool)
    heading = r"Information for Consumer ORDERS > \S+ created \d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    tool.run("consumer", "add", "ORDERS", "PLAIN", "--pull", "--defaults")
    laid_out(tool.out("consumer", "info", "ORDERS", "PLAIN"), heading, CONSUMER)
    tool.run("consumer", "add", "ORDERS", "PULL", "--pull", "--description", "d", "--filter", "orders.1", "--filter", "orders.2", "--max-deliver", "9",
             "--sample", "30", "--headers-only", "--inactive-threshold", "1h", "--max-pull-batch", "6", "--max-pull-expire", "7s",
             "--max-pull-bytes", "800", "--backoff", "linear", "--backoff-steps", "2", "--memory", "--replicas", "1", "--metadata", "k=v",
             "--pause", "1h", "--pinned-groups", "g", "--pinned-ttl", "1m", "--defaults")
    labels = laid_out(tool.out("consumer", "info", "ORDERS", "PULL"), heading, CONSUMER)
    check({"Description", "Filter Subjects", "Sampling Rate", "Inactive Threshold", "Max Pull MaxBytes", "Backoff", "Memory Storage",
           "Paused Until Deadline", "Priority Policy", "Pinned TTL", "Paused Until", "k"} <= labels, labels)
    tool.run("consumer", "add", "ORDERS", "PUSH", "--target", "out", "--deliver-group", "g", "--bps", "8192", "--heartbeat", "5s",
             "--flow-control", "--filter", "orders.1", "--defaults")
    labels = laid_out(tool.out("consumer", "info", "ORDERS", "PUSH"), heading, CONSUMER)
    check({"Delivery Subject", "Deliver Queue Group", "Rate Limit", "Idle Heartbeat", "Flow Control", "Active Interest"} <= labels, labels)
    laid_out(tool.out("consumer", "state", "ORDERS", "PUSH"), heading.replace("Information", "State"), {"State": CONSUMER["State"]})
    eq(columns(tool, "consumer", "ls", "ORDERS"),
       [("Consumers", ["Name", "Description", "Created", "Ack Pending", "Unprocessed", "Last Delivery"])])
    eq(columns(tool, "consumer", "report", "ORDERS"), [("Consumer report for ORDERS with 3 consumers", [
        "Consumer", "Mode", "Ack Policy", "Ack Wait", "Ack Pending", "Redelivered", "Unprocessed", "Ack Floor", "API Level", "Cluster"])])


@case(93)
def information_about_buckets(ctx):
    tool = nats(ctx)
    created = r" created \d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
    tool.run("kv", "add", "PLAIN")
    laid_out(tool.out("kv", "info", "PLAIN"), "Information for Key-Value Store Bucket PLAIN" + created, KV)
    tool.run("kv", "add", "FULL", "--description", "d", "--marker-ttl", "5s", "--republish-source", ">", "--republish-destination", "r.>",
             "--metadata", "k=v")
    labels = laid_out(tool.out("kv", "info", "FULL"), "Information for Key-Value Store Bucket FULL" + created, KV)
    check({"Limit Marker TTL", "Description", "Republishing", "k"} <= labels, labels)
    tool.run("kv", "put", "FULL", "a", "b")
    eq(columns(tool, "kv", "ls"), [("Key-Value Buckets", ["Bucket", "Description", "Created", "Size", "Values", "Last Update"])])
    eq(columns(tool, "kv", "ls", "FULL", "-v"), [("Contents for bucket 'FULL'", ["Key", "Created", "Delta", "Revision"])])
    eq(columns(tool, "kv", "ls", "FULL", "-v", "--display-value")[0][1], ["Key", "Created", "Delta", "Revision", "Value"])
    eq(columns(tool, "kv", "history", "FULL", "a"), [("History for FULL > a", ["Key", "Revision", "Op", "Created", "Length", "Value"])])
    tool.run("object", "add", "PLAIN")
    laid_out(tool.out("object", "info", "PLAIN"), "Information for Object Store Bucket PLAIN" + created, OBJECTS)
    tool.run("object", "add", "FULL", "--description", "d", "--metadata", "k=v", "--ttl", "1h")
    laid_out(tool.out("object", "info", "FULL"), "Information for Object Store Bucket FULL" + created, OBJECTS)
    tool.run("object", "put", "FULL", "--name", "o", "--description", "d", "-H", "K:v", stdin="x")
    labels = laid_out(tool.out("object", "info", "FULL", "o"), "Object information for FULL > o", OBJECT)
    check({"Description", "Headers"} <= labels, labels)
    eq(columns(tool, "object", "ls"), [("Object Store Buckets", ["Bucket", "Description", "Created", "Size", "Last Update"])])
    eq(columns(tool, "object", "ls", "FULL"), [("Bucket Contents", ["Name", "Size", "Time"])])


@case(21)
def information_about_a_context(ctx):
    tool = nats(ctx, server=False)
    seed = KeyPair("U").seed
    every = ("--description", "d", "--server", "a:1", "--socks-proxy", "socks5://p", "--user", "u", "--password", "secret", "--tlscert",
             tool.write("c", ""), "--tlskey", tool.write("k", ""), "--tlsca", tool.write("ca", ""), "--tlsfirst", "--js-api-prefix", "p",
             "--js-event-prefix", "e", "--js-domain", "dom", "--inbox-prefix", "i", "--colors", "red")
    labels = laid_out(tool.out("context", "add", "FULL", *every), 'NATS Configuration Context "FULL"', CONTEXT)
    check({"SOCKS5 Proxy", "Username", "Password", "Certificate", "Key", "CA", "TLS First", "JS API Prefix", "JS Event Prefix", "JS Domain",
           "Inbox Prefix", "Color Scheme"} <= labels, labels)
    for flags, label in ((("--user", "t"), "Token"), (("--creds", "c"), "Credentials"), (("--nkey", "c"), "NKey"),
                         (("--jwt", "e30.e30.e30", "--seed", seed), "User JWT")):
        labels = laid_out(tool.out("context", "add", "C" + label[:4], *flags), 'NATS Configuration Context "C%s"' % label[:4], CONTEXT)
        check(label in labels, labels)


@case(107, "services")
def information_about_a_server(ctx):
    tool = nats(ctx)
    name = tool.run("server", "list", "--json", *SYSTEM).json[0]["server"]["name"]
    laid_out(tool.out("server", "info", name, *SYSTEM), r"Server information for [A-Z2-7]{56}", SERVER)
    limited = nats(ctx, config=LIMITED)
    labels = laid_out(limited.out("server", "info", "s", *SYSTEM), r"Server information for s \(\w{56}\)", SERVER)
    check({"Domain", "Maximum HA Assets", "Maximum Ack Pending", "Maximum Request Batch", "Maximum Duplicate Window"} <= labels, labels)
    laid_out(tool.out("server", "account", "info", "APP", *SYSTEM), "Account information for account APP", {
        "Details": "Complete Expired System_Account Updated JetStream Issuer… Tag… Tags…", "Mappings…": None, "Imports…": None, "Exports…": None,
        "Responses…": None, "Revoked Users…": None})
    account = laid_out(tool.out("account", "info"), "Account Information", {
        "": "User Account System_Account… Expires Client_ID Client_IP RTT Headers_Supported Maximum_Payload Connected_Cluster… Connected_URL "
            "Connected_Address Connected_Server_ID Connected_Server_Version Connected_Server_Name… TLS_Version… TLS_Server_Name… "
            "TLS_Verified… TLS_Connection…",
        "Connection Permissions…": None, "Publish…": None, "Subscribe…": None,
        "JetStream Account Information": "", "Account Usage": "Storage Memory Streams Consumers",
        "Account Limits": "Max_Message_Payload", "Tier: Default": None, "Configuration Requirements": None,
        "Stream Resource Usage Limits": "Memory Memory_Per_Stream Storage Storage_Per_Stream Streams Consumers"})
    check("Connected URL" in account, account)
    eq(columns(tool, "server", "list", *SYSTEM), [
        ("Server Overview", ["Name", "Cluster", "Host", "Version", "JS", "Conns", "Subs", "Routes", "GWs", "Mem", "CPU %", "Cores", "Slow",
                             "Uptime", "RTT"])])
    report = lambda *args: columns(tool, "server", "report", *args, *SYSTEM)  # noqa: E731
    eq([table[1] for table in report("accounts")], [["Account", "Connections", "In Msgs", "Out Msgs", "In Bytes", "Out Bytes", "Subs"]])
    connection = ["CID", "Name", "Server", "Cluster", "IP", "Account", "Uptime", "In Msgs", "Out Msgs", "In Bytes", "Out Bytes", "Subs"]
    eq(report("connections"), [("Top 1 Connections out of 1 by subs", connection),
                               ("Connections per server", ["Server", "Cluster", "Connections"])])
    eq(report("connections", "--state", "all")[0][1], connection + ["Reason"])
    eq(report("health"), [("Health Report", ["Server", "Cluster", "Domain", "Status", "Type", "Error"])])
    eq(report("routes"), [("Cluster Report", ["Server", "Cluster", "Name", "Account", "Address", "ID", "Uptime", "RTT", "Subs", "Bytes In",
                                              "Bytes Out"])])
    eq(report("gateways"), [("Super Cluster Report", ["Server", "Name", "Port", "Kind", "Connection", "ID", "Uptime", "RTT", "Bytes",
                                                      "Accounts"])])
    eq(report("leafnodes"), [("Leafnode Report", ["Server", "Name", "Account", "Address", "RTT", "Msgs In", "Msgs Out", "Bytes In", "Bytes Out",
                                                  "Subs", "Compressed", "Spoke"])])
    summary = ["Server", "Cluster", "Streams", "Consumers", "Messages", "Bytes", "Memory", "File", "API Req", "Pending"]
    eq(report("jetstream")[0], ("JetStream Summary", summary))
    eq(report("jetstream", "--account", "APP")[0][0], "JetStream Summary for Account APP")
    eq(columns(tool, "account", "report", "statistics"), [("Server Statistics", [
        "Server", "Cluster", "Version", "Tags", "Connections", "Subscriptions", "Leafnodes", "Sent Bytes", "Sent Messages", "Received Bytes",
        "Received Messages", "Slow Consumers"])])
    keys(tool.run("server", "list", "--json", *SYSTEM).json[0], "server statsz")
    keys(tool.run("server", "report", "accounts", "--json", *SYSTEM).json[0],
         "account connections connection_info in_msgs out_msgs in_bytes out_bytes subs… subscriptions… server")


@case(119)
def results_of_a_check_as_json(ctx):
    tool = nats(ctx)
    for words, code in ((("connection",), 0), (("stream", "--stream", "NO"), 2), (("connection", "--rtt-warn", "1ns", "--rtt-critical", "1h"), 1)):
        found = tool.run("server", "check", *words, "--format", "json", code=code).json
        keys(found, "output… status check_suite check_name warning… critical… ok… perf_data")
        for entry in found["perf_data"]:
            keys(entry, "name value warning critical unit…")


@case(134)
def information_about_operators_accounts_and_users(ctx):
    tool = nats(ctx, server=False)
    operator(tool)
    tool.run("auth", "operator", "edit", "OP", "--tags", "t", "--service", "nats://a:1", "--account-server", "http://a:2")
    labels = laid_out(tool.out("auth", "operator", "info", "OP"), r"Operator OP \(O\w{55}\)", OPERATOR)
    check({"Tags", "Service URL(s)", "Account Server", "Signing Keys"} <= labels, labels)
    tool.run("auth", "account", "edit", "APP", "--tags", "t", "--expiry", "1h")
    labels = laid_out(tool.out("auth", "account", "info", "APP"), r"Account APP \(A\w{55}\)", ACCOUNT)
    check({"Tags", "Expiry", "Cluster Traffic"} <= labels, labels)
    tool.run("auth", "user", "edit", "u1", "APP", "--tags", "t", "--pub-allow", "a", "--sub-deny", "b")
    labels = laid_out(tool.out("auth", "user", "info", "u1", "APP"), r"User u1 \(U\w{55}\)", USER)
    check({"Tags", "Allow", "Deny"} <= labels, labels)
    eq(columns(tool, "auth", "operator", "list"), [("Operators", ["Name", "Subject", "Accounts", "Account Server", "Signing Keys"])])
    eq(columns(tool, "auth", "account", "ls"), [("Accounts", ["Name", "Subject", "Users", "JetStream", "System"])])
    eq(columns(tool, "auth", "user", "ls", "APP"),
       [("Users in account APP", ["Name", "Subject", "Scoped", "Sub Perms", "Pub Perms", "Max Subscriptions"])])
    tool.run("auth", "account", "keys", "add", "APP", "role", "--sub-allow", "a")
    tool.run("auth", "account", "mappings", "add", "APP", "a", "b")
    eq(columns(tool, "auth", "account", "keys", "ls", "APP"),
       [("Scoped Signing Keys", ["Role", "Key", "Description", "Max Subscriptions", "Pub Perms", "Sub Perms"])])
    eq(columns(tool, "auth", "account", "mappings", "ls", "APP"),
       [("Subject mappings for account APP", ["Source Subject", "Target Subject", "Weight", "Cluster"])])


@case(137)
def information_about_services_errors_and_round_trips(ctx):
    tool = nats(ctx)
    run = tool.start("service", "serve", "demo")
    run.wait_out("Requests Log")
    wait_for_interest(tool, "$SRV.PING")
    eq(columns(tool, "service", "list"), [("All Services", ["Name", "Version", "ID", "Description"])])
    eq(columns(tool, "service", "stats", "demo"), [("demo Service Statistics", [
        "ID", "Endpoint", "Requests", "Queue Group", "Errors", "Processing Time", "Average Time"])])
    keys(tool.run("service", "info", "demo", "--json").json, "info stats")
    laid_out(tool.out("errors", "lookup", "10059"), "NATS Error Code: 10059", ERROR)
    eq(columns(tool, "errors", "ls", "10059"),
       [("NATS Errors", ["NATS Code", "HTTP Error Code", "Description", "Comment", "Go Constant"])])
    found = tool.run("rtt", "--json").json
    keys(found[0], "url results")
    keys(found[0]["results"][0], "time address rtt url")
