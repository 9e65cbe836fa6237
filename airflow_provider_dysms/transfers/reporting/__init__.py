"""What a task says about an audit: log, XCom and asset events."""
