/** Whether conversations are held with a model that answers at these endpoints. */
export function talks(model: { supported_endpoints: readonly string[] }): boolean {
    return model.supported_endpoints.some((path) => path.endsWith("/chat/completions"));
}
