

def test_last_insert_rowid_is_that_of_the_statement_before_in_the_same_request(node):
    node.http("/db/query", ["CREATE TABLE parent (id INTEGER PRIMARY KEY, v TEXT); CREATE TABLE child (parent INTEGER)"])
    node.http("/db/query", ["INSERT INTO parent (id, v) VALUES (41, 'before')"])
    status, _ = node.http("/db/query", ["INSERT INTO parent (v) VALUES ('x')", "INSERT INTO child VALUES (last_insert_rowid())"])
    assert status == 200
    assert node.http("/db/query?q=SELECT%20parent%20FROM%20child")[1]["results"][0]["values"] == [[42]]
