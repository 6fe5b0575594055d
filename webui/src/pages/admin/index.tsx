// The operator's pages: one chunk, which customers never load.
export { Alerts } from "./alerts";
export { Audit } from "./audit";
export { CustomerPage } from "./customer";
export { Customers } from "./customers";
export { Invitations } from "./invitations";
export { Overview } from "./overview";
export { AdminPayments } from "./payments";
export { Policies } from "./policies";
export { Providers } from "./providers";
export { AdminRequestPage } from "./request";
export { Search } from "./search";
export { Vouchers } from "./vouchers";
