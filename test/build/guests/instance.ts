const answer = (value: unknown) => JSON.stringify(value);

export const start = () => answer({ state: "ready" });
export const handleTool = () => answer({ summary: "handled" });
export const handleIngress = () => answer({ accepted: true });
export const status = () => answer({ state: "ready" });
export const stop = () => answer({ state: "stopped" });
