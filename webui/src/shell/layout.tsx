// What stands around every page: the menu (beside it, or in a drawer on a narrow screen), notes that
// concern all pages, and short messages.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n";
import { announcement } from "../state/announce";
import { brand } from "../state/brand";
import { place } from "../state/router";
import { isOperator, may } from "../state/session";
import { site } from "../state/site";
import { isWide } from "../state/wide";
import { IconButton } from "../ui/button";
import { Contact } from "../ui/contact";
import { Icon } from "../ui/icon";
import { lazy } from "../ui/lazy";
import { Brand } from "./brand";
import { FundsBanner } from "./fundsbanner";
import { Account, Menu } from "./menu";
import { Preferences } from "./preferences";
import { TermsLinks } from "../ui/terms";
import { Unverified } from "../ui/unverified";

export function SkipLink() {
    return (
        <a
            href="#content"
            class="sr-only z-50 rounded-lg bg-accent px-4 py-2 font-medium text-accent-ink focus:not-sr-only focus:fixed focus:top-3 focus:left-3"
        >
            {t("nav.skip")}
        </a>
    );
}

/** Whoever sees credits here must know that nobody has paid for them. */
function FakePayments() {
    if (!site.value?.payments_are_fake) {
        return null;
    }
    return (
        <section aria-label={t("payments.label")} class="bg-warn-wash px-4 py-1.5 text-warn">
            <p class="flex items-center justify-center gap-2 text-center text-sm font-medium">
                <Icon name="warning" class="size-4" />
                {t("payments.fake")}
            </p>
        </section>
    );
}

function Messages() {
    const message = announcement.value;
    return (
        <div
            role="status"
            class="pointer-events-none fixed inset-x-0 bottom-5 z-50 flex justify-center px-4"
        >
            {message && (
                <p
                    key={message.number}
                    class={
                        message.isSeen
                            ? "rounded-lg bg-ink px-4 py-2 font-medium text-canvas shadow-float"
                            : "sr-only"
                    }
                >
                    {message.text}
                </p>
            )}
        </div>
    );
}

function Drawer({ onClose }: { onClose: () => void }) {
    const dialog = useRef<HTMLDialogElement>(null);
    const opened = useRef(place.value.path);
    useEffect(() => {
        const element = dialog.current;
        element?.showModal();
        return () => element?.close(); // gives the focus back
    }, []);
    useEffect(() => {
        if (place.value.path !== opened.current) {
            onClose();
        }
    }, [place.value.path]);
    return (
        <dialog
            ref={dialog}
            aria-label={t("nav.label")}
            onClose={onClose}
            class="m-0 h-dvh max-h-none w-72 max-w-[85%] border-r border-line bg-surface p-4 backdrop:bg-black/45"
        >
            <div class="flex min-h-full flex-col gap-5">
                <div class="flex items-center justify-between">
                    <Brand />
                    <IconButton icon="close" label={t("action.close")} onClick={onClose} />
                </div>
                <div class="flex-1">
                    <Menu />
                </div>
                <Contact class="px-3 text-sm text-soft" />
                <Account />
            </div>
        </dialog>
    );
}

function TopBar() {
    const [isOpen, setOpen] = useState(false);
    return (
        <header class="sticky top-0 z-20 flex items-center justify-between border-b border-line bg-surface px-4 py-2">
            <Brand />
            <IconButton
                icon="menu"
                label={t("nav.open")}
                aria-expanded={isOpen}
                onClick={() => setOpen(true)}
            />
            {isOpen && <Drawer onClose={() => setOpen(false)} />}
        </header>
    );
}

function SideBar() {
    return (
        <aside class="w-62 shrink-0 border-r border-line bg-surface">
            <div class="sticky top-0 flex h-dvh flex-col gap-6 overflow-y-auto p-4">
                <div class="px-2 pt-1">
                    <Brand />
                </div>
                <div class="flex-1">
                    <Menu />
                </div>
                <Contact class="px-3 text-sm text-soft" />
                <Account />
            </div>
        </aside>
    );
}

/** A chunk that customers never load. */
const Search = lazy(
    () => import("../pages/admin/search").then((it) => it.Search),
    <div class="control opacity-0" />,
);

/** The search, on the operators' pages. */
function SearchBar() {
    if (
        !isOperator() ||
        !may("customers.read") ||
        !/^\/dashboard\/admin(\/|$)/.test(place.value.path)
    ) {
        return null;
    }
    return (
        <div class="mx-auto max-w-6xl px-4 pt-4 sm:px-6 lg:px-8">
            <Search />
        </div>
    );
}

/** For who is signed in. */
export function Layout({ children }: { children: ComponentChildren }) {
    return (
        <>
            <SkipLink />
            <div class="min-h-dvh lg:flex">
                {isWide.value ? <SideBar /> : <TopBar />}
                <div class="min-w-0 flex-1">
                    <FakePayments />
                    <SearchBar />
                    <FundsBanner />
                    <main id="content" class="mx-auto max-w-6xl px-4 py-6 sm:px-6 lg:px-8 lg:py-8">
                        <Unverified />
                        {children}
                    </main>
                </div>
            </div>
            <Messages />
        </>
    );
}

function Foot() {
    const hasTerms = site.value?.terms_url || site.value?.privacy_url;
    if (!hasTerms && brand.contact === null) {
        return null;
    }
    return (
        <footer class="mx-auto flex max-w-5xl flex-wrap gap-x-5 gap-y-2 px-4 py-6 text-sm text-soft sm:px-6">
            {brand.contact !== null && <Contact />}
            <TermsLinks />
        </footer>
    );
}

/** For who is not. */
export function OutsideLayout({ children }: { children: ComponentChildren }) {
    return (
        <>
            <SkipLink />
            <FakePayments />
            <header class="mx-auto flex max-w-5xl flex-wrap items-center justify-between gap-3 px-4 py-4 sm:px-6">
                <Brand />
                <Preferences />
            </header>
            <main id="content" class="mx-auto max-w-5xl px-4 py-6 sm:px-6">
                {children}
            </main>
            <Foot />
            <Messages />
        </>
    );
}
